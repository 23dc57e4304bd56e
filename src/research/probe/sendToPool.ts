/** The entry point `rpc`: the public way in, a transaction to a node's pool. */
import { RpcError } from '../../l1/rpcEndpoint.ts'
import type { ProbeDeps } from './deps.ts'
import { accepted, type EntryPoint, failed, refused } from './entries.ts'

export function createPoolEntry({ l2 }: Pick<ProbeDeps, 'l2'>): EntryPoint {
  return {
    async ready() {},
    async send({ raw, hash }, signal) {
      try {
        const answer = await l2('eth_sendRawTransaction', [raw], signal)
        return answer === hash ? accepted() : refused('the answer is not the hash of the transaction')
      } catch (error) {
        signal.throwIfAborted()
        return error instanceof RpcError ? refused(error.message) : failed(String(error))
      }
    },
  }
}
