/**
 * What probes differ in: whom they are sent to, and which way they go. The words are those of studies of censorship: latency and share
 * not included by entry point and kind of target, of transactions that are otherwise alike.
 */
import { encodeFunctionData, parseAbi } from 'viem'
import { concatBytes } from '../../primitives/bytes.ts'
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../primitives/hex.ts'

export const ENTRIES = ['rpc', 'preconf', 'forced'] as const
export type Entry = (typeof ENTRIES)[number]

export const ENTRY_DEFINITIONS: Readonly<Record<Entry, string>> = {
  rpc: 'eth_sendRawTransaction of the L2 node that is probed',
  preconf: 'a request for an execution promise (type 5), to the commitments API',
  forced: 'a forced inclusion: one blob with the transaction alone, queued at the inbox on L1',
}

/** The first is what the others are compared with, unless another is named first. */
export const TARGET_CLASSES = ['transfer', 'call', 'create', 'sensitive'] as const
export type TargetClass = (typeof TARGET_CLASSES)[number]

export const CLASS_DEFINITIONS: Readonly<
  Record<TargetClass, { readonly definition: string; readonly source: string }>
> = {
  transfer: {
    definition: 'to an address that was drawn at random, so that nobody can have it on a list',
    source: 'the comparison that delays are measured against (ethresear.ch 15115)',
  },
  call: {
    definition: 'a call of one contract, transfer(address, 0) of a token',
    source: 'calls of contracts are delayed and crowded otherwise than transfers (arXiv 2506.01462)',
  },
  create: {
    definition: 'the creation of a contract of one byte',
    source: 'rollups have let only listed accounts create contracts (OVM_DeployerWhitelist of OP Mainnet)',
  },
  sensitive: {
    definition: 'to an address of the list that was given',
    source:
      'sanctioned addresses are what censorship has been measured by (arXiv 2305.18545; Lido’s monitor)',
  },
}

/** Gas limit of every probe: enough for each class, so that none is told from another by it. */
export const PROBE_GAS = 120_000n

const TOKEN = parseAbi(['function transfer(address to, uint256 amount)'])
/** Returns one zero byte, STOP: PUSH1 1, PUSH0, RETURN. */
const CREATE_STOP = hexToBytes('0x60015ff3')
/** What a creation lacks in its RLP for having no receiver. */
const ADDRESS_BYTES = 20

export type Target = { readonly to?: Address; readonly data: Hex }

/** All classes carry as many bytes. @param drawn An address that nobody has. @param listed The contract, or the sensitive address. */
export function targetOf(targetClass: TargetClass, drawn: Address, listed: Address | undefined): Target {
  const data = encodeFunctionData({ abi: TOKEN, functionName: 'transfer', args: [drawn, 0n] })
  switch (targetClass) {
    case 'transfer':
      return { to: drawn, data }
    case 'create': {
      // The call's own bytes but for their first, with zeros behind: they are never executed.
      const rest = hexToBytes(data).subarray(CREATE_STOP.length)
      return { data: bytesToHex(concatBytes(CREATE_STOP, rest, new Uint8Array(ADDRESS_BYTES))) }
    }
    default:
      if (listed === undefined) throw new RangeError(`the class ${targetClass} needs an address`)
      return { to: listed, data }
  }
}

/** Creates a contract that returns 1 to whoever calls it: a constructor that copies MSTORE(0, 1), RETURN(0, 32). */
export const PLAIN_CONTRACT: Hex = '0x6008600a5f3960085ff360015f5260205ff3'
