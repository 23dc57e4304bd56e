/** `plumbline openrpc`: every method of the RPC, as data. */
import { Command } from 'commander'
import { VERSION } from '../../node.ts'
import { describeMethods } from '../../rpc/methods.ts'
import { openRpcDocument } from '../../rpc/openrpc.ts'

export function openrpcCommand(): Command {
  return new Command('openrpc')
    .description('print the OpenRPC document: every method with its parameters and its answer (JSON)')
    .action(() => console.log(JSON.stringify(openRpcDocument(describeMethods(), VERSION), null, 2)))
}
