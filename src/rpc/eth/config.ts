/** `eth_config` (EIP-7910): which fork's rules hold now, next, and last of all that are scheduled. */
import { z } from 'zod'
import {
  BEACON_ROOTS,
  CONSOLIDATION_REQUESTS,
  HISTORY_STORAGE,
  WITHDRAWAL_REQUESTS,
} from '../../engine/ethereum/systemCalls.ts'
import { rulesAt } from '../../engine/rules/rulesAt.ts'
import { defined } from '../../primitives/assert.ts'
import type { BlockHeader } from '../../primitives/header.ts'
import { type Address, type Hash, toQuantity } from '../../primitives/hex.ts'
import { type EthereumFork, isForkActive } from '../../spec/ethereumSpec.ts'
import { chainIdOf, type ExecutionSpec } from '../../spec/executionSpec.ts'
import { type ForkPoints, forkIdAt } from '../../spec/forkId.ts'
import { blobParametersOf } from '../blobFee.ts'
import type { RpcDeps } from '../deps.ts'
import type { Json } from '../json.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { address, count, quantity } from '../schemas/words.ts'

const config = z
  .strictObject({
    activationTime: count,
    blobSchedule: z.strictObject({ target: count, max: count, baseFeeUpdateFraction: count }).nullable(),
    chainId: quantity,
    forkId: z.string().regex(/^0x[0-9a-f]{8}$/),
    precompiles: z.record(z.string(), address),
    systemContracts: z.record(z.string(), address),
  })
  .meta({ id: 'ForkConfig' })

/** EIP-7910's names, each with the first fork that has it. */
const PRECOMPILES: readonly (readonly [name: string, address: number, since: EthereumFork])[] = [
  ['ECREC', 0x01, 'frontier'],
  ['SHA256', 0x02, 'frontier'],
  ['RIPEMD160', 0x03, 'frontier'],
  ['ID', 0x04, 'frontier'],
  ['MODEXP', 0x05, 'byzantium'],
  ['BN254_ADD', 0x06, 'byzantium'],
  ['BN254_MUL', 0x07, 'byzantium'],
  ['BN254_PAIRING', 0x08, 'byzantium'],
  ['BLAKE2F', 0x09, 'istanbul'],
  ['KZG_POINT_EVALUATION', 0x0a, 'cancun'],
  ['BLS12_G1ADD', 0x0b, 'prague'],
  ['BLS12_G1MSM', 0x0c, 'prague'],
  ['BLS12_G2ADD', 0x0d, 'prague'],
  ['BLS12_G2MSM', 0x0e, 'prague'],
  ['BLS12_PAIRING_CHECK', 0x0f, 'prague'],
  ['BLS12_MAP_FP_TO_G1', 0x10, 'prague'],
  ['BLS12_MAP_FP2_TO_G2', 0x11, 'prague'],
  ['P256VERIFY', 0x100, 'osaka'],
]

export function configMethods({ chain, execution }: Pick<RpcDeps, 'chain' | 'execution'>): Methods {
  return {
    eth_config: defineMethod({
      cost: COST.block,
      summary:
        'The rules of the fork that is active, of the next one, and of the last one that is scheduled.',
      params: {},
      result: z.strictObject({
        current: config.nullable(),
        next: config.nullable(),
        last: config.nullable(),
      }),
      handle: async () => {
        const { number } = chain.heads().latest
        const read = async (block: bigint) => defined(await chain.headerByNumber(block), `block ${block}`)
        const [genesis, head] = [await read(0n), await read(number)]
        return configJson(execution, genesis, head.header)
      },
    }),
  }
}

function configJson(
  execution: ExecutionSpec,
  genesis: { readonly hash: Hash; readonly header: BlockHeader },
  head: BlockHeader,
): Json {
  const points = forkPoints(execution, genesis)
  const at = (timestamp: bigint | undefined) =>
    timestamp === undefined ? null : forkJson(execution, points, { number: head.number, timestamp })
  // Whoever is before the first fork that begins at a time is under its last block fork.
  const times = [0n, ...points.timestamps].sort((a, b) => (a < b ? -1 : 1))
  const current = times.findLast((time) => time <= head.timestamp)
  const next = times.find((time) => time > head.timestamp)
  return { current: at(current), next: at(next), last: at(next && times.at(-1)) }
}

function forkPoints(
  execution: ExecutionSpec,
  genesis: { readonly hash: Hash; readonly header: BlockHeader },
): ForkPoints {
  const blocks: bigint[] = []
  const timestamps: bigint[] = []
  if (execution.type === 'ethereum') {
    const { forks, otherForkBlocks, blobSchedule } = execution.spec
    blocks.push(...otherForkBlocks)
    for (const { at } of forks) (at.type === 'block' ? blocks : timestamps).push(at.value)
    timestamps.push(...blobSchedule.map(({ timestamp }) => timestamp))
  } else
    for (const { activation } of execution.spec.forks) {
      if (activation.type === 'block') blocks.push(activation.number)
      else timestamps.push(activation.timestamp)
    }
  const later = timestamps.filter((timestamp) => timestamp > genesis.header.timestamp)
  return { genesisHash: genesis.hash, blocks, timestamps: later }
}

/** `timestamp`: when the fork begins; 0 for what has been so since genesis. */
function forkJson(
  execution: ExecutionSpec,
  points: ForkPoints,
  block: { readonly number: bigint; readonly timestamp: bigint },
): Json {
  const { fork } = rulesAt(execution, block)
  const blobs = blobParametersOf(execution, block)
  return {
    activationTime: Number(block.timestamp),
    blobSchedule:
      blobs === undefined
        ? null
        : {
            target: blobs.target,
            max: blobs.max,
            baseFeeUpdateFraction: Number(blobs.baseFeeUpdateFraction),
          },
    chainId: toQuantity(chainIdOf(execution)),
    forkId: forkIdAt(points, block.timestamp),
    precompiles: Object.fromEntries(
      PRECOMPILES.filter(([, , since]) => isForkActive(fork, since)).map(([name, place]) => [
        name,
        `0x${place.toString(16).padStart(40, '0')}`,
      ]),
    ),
    systemContracts: systemContracts(execution, fork),
  }
}

function systemContracts(execution: ExecutionSpec, fork: EthereumFork): Readonly<Record<string, Address>> {
  const hasHistory = isForkActive(fork, 'prague')
  const hasBeaconRoots = isForkActive(fork, 'cancun')
  // A rollup block calls both, and never asks for requests.
  if (execution.type === 'rollup')
    return {
      ANCHOR_ADDRESS: execution.spec.l2.anchor,
      ...(hasBeaconRoots && { BEACON_ROOTS_ADDRESS: BEACON_ROOTS }),
      ...(hasHistory && { HISTORY_STORAGE_ADDRESS: HISTORY_STORAGE }),
    }
  return {
    ...(hasBeaconRoots && { BEACON_ROOTS_ADDRESS: BEACON_ROOTS }),
    ...(hasHistory && {
      CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS: CONSOLIDATION_REQUESTS,
      DEPOSIT_CONTRACT_ADDRESS: execution.spec.depositContract,
      HISTORY_STORAGE_ADDRESS: HISTORY_STORAGE,
      WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS: WITHDRAWAL_REQUESTS,
    }),
  }
}
