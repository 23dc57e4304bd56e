/**
 * A devnet's L2 in memory and an L1 of bare block references, for tests of the builder. Proposals land by derivation on a
 * state of complete tries, which knows nothing of the builder's overlay.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { genesisUnder } from '../../src/cli/devnet/genesis.ts'
import { type DerivedBlock, deriveBlocks, type ParentBlock } from '../../src/derive/blocks.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { buildGenesis } from '../../src/engine/genesis.ts'
import { rollupRules } from '../../src/engine/rules/evmRules.ts'
import { createEmptyState, type WitnessState } from '../../src/engine/state/witness.ts'
import { createEngine } from '../../src/engine/vm.ts'
import { type Address, bytesToHex, type Hash, ZERO_HASH } from '../../src/primitives/hex.ts'
import { keccak256 } from '../../src/primitives/keccak.ts'
import type { BuildBase, ForcedInclusion } from '../../src/propose/draft.ts'
import { admitTransaction } from '../../src/propose/pool/admission.ts'
import { orderByPriceAndNonce } from '../../src/propose/pool/byPrice.ts'
import type { PooledTransaction } from '../../src/propose/pool/transaction.ts'
import type { BlobSlice, L1BlockRef, Proposal, SourceFault } from '../../src/protocol/protocol.ts'
import { protocolOf } from '../../src/protocol/protocols.ts'
import { createDevnetSpec, type DevnetFork } from '../../src/spec/devnet.ts'
import type { RollupSpec } from '../../src/spec/rollupSpec.ts'
import { testAddress } from './proposeTransactions.ts'

const GENESIS_FILE = join(import.meta.dirname, '../../contracts/artifacts/devnet-genesis.json')
/** Made by the contracts' build. */
export const hasDevnetGenesis: boolean = existsSync(GENESIS_FILE)

export const CHAIN_ID = 1670042
export const PROPOSER: Address = testAddress(9)
export const L1_GENESIS_TIME = 1_000_000_000n
export const SECONDS_PER_SLOT = 12n
const BASEFEE_SHARING_PCTG = 75
/** Wei, for each of the accounts 1 to 20. */
const BALANCE = 10n ** 21n

export type ProposeChain = {
  readonly spec: RollupSpec
  readonly engine: Engine
  base(forced?: readonly ForcedInclusion[]): BuildBase
  /** Advances L1 by empty blocks. */
  mineL1(blocks?: number): void
  /** Lands a proposal in the L1 block `slots` after the next one and derives it. */
  land(
    blobs: readonly Uint8Array[],
    options?: { slots?: number; forced?: readonly ForcedInclusion[] },
  ): Promise<Landed>
  admit(raw: Uint8Array, arrival?: number): PooledTransaction
}

export type Landed = {
  readonly blocks: readonly DerivedBlock[]
  readonly faults: ReadonlyMap<number, SourceFault>
}

export function createProposeChain(fork: DevnetFork = 'unzen'): ProposeChain {
  const json = genesisUnder(fork, JSON.parse(readFileSync(GENESIS_FILE, 'utf8')))
  for (let index = 1; index <= 20; index++)
    json.alloc[testAddress(index)] = { balance: `0x${BALANCE.toString(16)}` }
  const genesis = buildGenesis(json)
  const spec = createDevnetSpec({
    l1ChainId: 31337n,
    l2ChainId: BigInt(CHAIN_ID),
    inbox: `0x${'1b'.repeat(20)}`,
    startBlock: 1n,
    genesisTime: L1_GENESIS_TIME,
    secondsPerSlot: SECONDS_PER_SLOT,
    genesis: { hash: genesis.hash, stateRoot: genesis.stateRoot },
    fork,
  })
  const engine = createEngine({ spec })
  let state: WitnessState = createEmptyState().after(genesis.changes)
  let parent: ParentBlock = { header: genesis.header, hash: genesis.hash, grandparentTimestamp: 0n }
  const hashes = new Map<bigint, Hash>([[0n, genesis.hash]])
  let l1Height = 100n
  let nextProposalId = 1n

  const ancestorHash = (number: bigint) => {
    const hash = hashes.get(number)
    if (hash === undefined) throw new Error(`no L2 block ${number}`)
    return hash
  }

  const base = (forcedInclusions: readonly ForcedInclusion[] = []): BuildBase => ({
    parent,
    state,
    ancestorHash,
    l1Head: l1Block(l1Height),
    anchorBlock: async (number) => l1Block(number),
    nextProposalId,
    basefeeSharingPctg: BASEFEE_SHARING_PCTG,
    forcedInclusions,
  })

  const derive = async (
    proposal: Proposal,
    payloads: readonly (readonly Uint8Array[])[],
  ): Promise<Landed> => {
    const sources = payloads.map((blobs, sourceIndex) =>
      protocolOf(proposal.fork).decodeSource({ spec, proposal, sourceIndex, blobs }),
    )
    const blocks: DerivedBlock[] = []
    const faults = new Map<number, SourceFault>()
    const context = {
      spec,
      engine,
      stateAfter: () => state,
      anchorBlock: async (_: Proposal, number: bigint) => l1Block(number),
      ancestorHash,
    }
    for await (const step of deriveBlocks(context, { proposal, sources, parent })) {
      if (step.type === 'source') {
        if (step.fault) faults.set(step.sourceIndex, step.fault)
        continue
      }
      const { header, hash, changes } = step.block.executed
      state = state.after(changes)
      if (state.stateRoot !== header.stateRoot)
        throw new Error(`block ${header.number} has another state root`)
      hashes.set(header.number, hash)
      parent = { header, hash, grandparentTimestamp: parent.header.timestamp }
      blocks.push(step.block)
    }
    return { blocks, faults }
  }

  return {
    spec,
    engine,
    base,
    mineL1(blocks = 1) {
      l1Height += BigInt(blocks)
    },
    async land(blobs, { slots = 0, forced = [] } = {}) {
      l1Height += BigInt(1 + slots)
      const { timestamp, number, parentHash, hash } = l1Block(l1Height)
      const own: BlobSlice = { blobHashes: blobs.map(() => ZERO_HASH), offset: 0, timestamp }
      const proposal: Proposal = {
        fork,
        id: nextProposalId++,
        proposer: PROPOSER,
        timestamp,
        originBlockNumber: number - 1n,
        originBlockHash: parentHash,
        basefeeSharingPctg: BASEFEE_SHARING_PCTG,
        sources: [
          ...forced.map(({ blobSlice }) => ({ isForcedInclusion: true, blobSlice })),
          { isForcedInclusion: false, blobSlice: own },
        ],
        hash: ZERO_HASH,
        l1: { blockNumber: number, blockHash: hash, transactionHash: ZERO_HASH, logIndex: 0 },
        details: undefined,
      }
      return derive(proposal, [...forced.map((inclusion) => inclusion.blobs), blobs])
    },
    admit: (raw, arrival = 0) =>
      admitTransaction(raw, {
        chainId: BigInt(CHAIN_ID),
        evm: rollupRules(fork),
        minTip: 0n,
        gasLimit: 45_000_000n,
        arrival,
      }),
  }
}

/** L1 as far as derivation sees it: one block a slot, everything else follows from the number. */
export function l1Block(number: bigint): L1BlockRef {
  const digest = (label: string, n: bigint): Hash => bytesToHex(keccak256(Buffer.from(`${label} ${n}`)))
  return {
    number,
    hash: digest('block', number),
    parentHash: digest('block', number - 1n),
    timestamp: L1_GENESIS_TIME + number * SECONDS_PER_SLOT,
    stateRoot: digest('state', number),
  }
}

/** Candidates as the pool would offer them. */
export function bestFirst(transactions: readonly PooledTransaction[]) {
  const bySender = new Map<Address, PooledTransaction[]>()
  for (const transaction of transactions)
    bySender.set(transaction.sender, [...(bySender.get(transaction.sender) ?? []), transaction])
  return (baseFeePerGas: bigint) => orderByPriceAndNonce(bySender.values(), baseFeePerGas)
}
