/** A deriving node that judges inclusion lists, over the L1 in this process. Windows are runs of four slots, all of one committer. */
import { privateKeyToAccount } from 'viem/accounts'
import { readCursor } from '../../src/derive/steps.ts'
import { createUnsafeBuilder } from '../../src/derive/unsafe.ts'
import {
  createLists,
  LISTS_SCHEMA,
  type Lists,
  type ListsDeps,
  type SignedListJson,
} from '../../src/preconf/lists/lists.ts'
import { type Address, bytesToHex, type Hex, hexToBytes, ZERO_HASH } from '../../src/primitives/hex.ts'
import type { PromiseDomain } from '../../src/promise/domain.ts'
import {
  encodeInclusionList,
  encodeListed,
  hashListed,
  INCLUSION_LIST_TYPE,
  type InclusionList,
  inclusionListHash,
} from '../../src/promise/inclusionList.ts'
import { committerOf, signHash } from '../../src/promise/signature.ts'
import { encodeManifest } from '../../src/protocol/shasta/encodeManifest.ts'
import type { SlotTurn, Turn } from '../../src/schedule/schedule.ts'
import { openStore } from '../../src/store/openStore.ts'
import type { Store } from '../../src/store/store.ts'
import { silentLogger } from '../../src/telemetry/log.ts'
import { connectL1, L2_CHAIN_ID, openHarness } from './derive/harness.ts'
import { createSimulatedL1 } from './l1/simulatedL1.ts'

export const WINDOW_SLOTS = 4n
export const COMMITTER_KEY = hexToBytes(`0x${'c7'.repeat(32)}`)
export const COMMITTER = committerOf(COMMITTER_KEY)
export const OTHER_KEY = hexToBytes(`0x${'d8'.repeat(32)}`)
export const DOMAIN: PromiseDomain = {
  l1ChainId: 31_337n,
  domain: `0x6d6d6f43${'01'.repeat(28)}`,
  signingId: `0x${'51'.repeat(32)}`,
  slasher: `0x${'5a'.repeat(20)}`,
}
const OWNED: Turn = {
  type: 'owner',
  owner: { validatorIndex: 7n, registrationRoot: ZERO_HASH, committer: COMMITTER },
}
const COINBASE: Address = '0x00000000000000000000000000000000c01bbace'
const GAS_LIMIT = 15_000_000n
/** Of the well-known development accounts, funded in the devnet's genesis. */
const SENDERS = [
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
].map((key) => privateKeyToAccount(key as Hex))

export async function signL2(
  fields: {
    readonly sender?: 0 | 1
    readonly nonce?: number
    readonly to?: Hex
    readonly data?: Hex
    readonly value?: bigint
    readonly gas?: bigint
    readonly maxFeePerGas?: bigint
    readonly maxPriorityFeePerGas?: bigint
    readonly chainId?: bigint
  } = {},
): Promise<Uint8Array> {
  const { sender = 0, chainId = L2_CHAIN_ID, to, data, ...rest } = fields
  const raw = await SENDERS[sender]!.signTransaction({
    type: 'eip1559',
    chainId: Number(chainId),
    nonce: 0,
    gas: 21_000n,
    value: 1n,
    maxFeePerGas: 10n ** 10n,
    maxPriorityFeePerGas: 1n,
    ...(data === undefined ? { to: to ?? `0x${'00'.repeat(18)}1234` } : { data }),
    ...rest,
  })
  return hexToBytes(raw)
}

/** As a proposer's own software would make it. */
export function signList(
  windowEnd: bigint,
  transactions: readonly Uint8Array[],
  options: { readonly key?: Uint8Array; readonly l2ChainId?: bigint; readonly domain?: PromiseDomain } = {},
): SignedListJson {
  const { key = COMMITTER_KEY, l2ChainId = L2_CHAIN_ID, domain = DOMAIN } = options
  const list: InclusionList = {
    l2ChainId,
    windowEnd,
    transactionsHash: hashListed(encodeListed(transactions)),
  }
  return {
    commitment: {
      commitment_type: Number(INCLUSION_LIST_TYPE) as 3,
      payload: bytesToHex(encodeInclusionList(list)),
      request_hash: ZERO_HASH,
      slasher: domain.slasher,
    },
    nonce: 0 as const,
    signing_id: domain.signingId,
    signature: signHash(inclusionListHash(list, domain), key),
    transactions: transactions.map(bytesToHex),
  }
}

export type ListsWorld = Awaited<ReturnType<typeof startListsWorld>>

export async function startListsWorld(
  seed: string,
  options: Partial<Pick<ListsDeps, 'own' | 'committers'>> & { readonly turn?: Turn } = {},
) {
  const { turn = OWNED, committers = [], own } = options
  const sim = createSimulatedL1({ seed })
  const { genesisTime, secondsPerSlot } = sim.config
  const l1 = await connectL1(sim)
  const node = await openHarness({ sim, l1, path: ':memory:' })
  const store: Store = await openStore({ path: ':memory:', schemas: { lists: LISTS_SCHEMA } })
  const slotOfHead = () => (sim.head().header.timestamp - genesisTime) / secondsPerSlot
  const timestampOf = (slot: bigint) => genesisTime + slot * secondsPerSlot
  let cursor = await readCursor(node.store)
  let now = 1_000
  const schedule: ListsDeps['schedule'] = {
    currentSlot: async () => slotOfHead() + 1n,
    at: async (slot): Promise<SlotTurn | undefined> => {
      if (slot > slotOfHead() + 64n) return undefined
      const firstSlot = slot - (slot % WINDOW_SLOTS)
      const window = { firstSlot, lastSlot: firstSlot + WINDOW_SLOTS - 1n, turn, isFallback: false }
      return {
        slot,
        timestamp: timestampOf(slot),
        epoch: slot / 32n,
        kind: 'lookahead',
        window,
        trust: 'proven',
      }
    },
  }
  const deps: ListsDeps = {
    spec: node.spec,
    store,
    chain: node.chain,
    state: node.state,
    engine: node.engine,
    l1,
    cursor: () => cursor,
    checkpointFrom: async (number) => {
      const { executable } = node.chain.heads()
      return executable.number >= number ? executable.number : undefined
    },
    schedule,
    domain: DOMAIN,
    committers,
    ...(own && { own }),
    now: () => now++,
    logger: silentLogger,
  }
  const open: Lists[] = []
  const openLists = async () => {
    const lists = await createLists(deps)
    open.push(lists)
    return lists
  }
  return {
    sim,
    l1,
    node,
    deps,
    schedule,
    builder: createUnsafeBuilder({ ...node, l1 }),
    lists: await openLists(),
    /** Another one over the same store, as after a restart. */
    openLists,
    slotOfHead,
    timestampOf,
    /** Empty slots up to this one's block. */
    mineTo(slot: bigint): void {
      while (slotOfHead() < slot) sim.mine()
    },
    /** A block with these transactions, in a proposal of the window that ends there, in the next slot. */
    propose(
      transactions: readonly Uint8Array[],
      window: { readonly windowEnd?: bigint; readonly missedSlots?: number } = {},
    ): void {
      const { windowEnd, missedSlots } = window
      const head = sim.head().header
      const block = {
        timestamp: head.timestamp,
        coinbase: COINBASE,
        anchorBlockNumber: head.number,
        gasLimit: GAS_LIMIT,
        transactions,
      }
      sim.propose({
        payload: encodeManifest([block]),
        ...(windowEnd !== undefined && { endOfSubmissionWindowTimestamp: windowEnd }),
        ...(missedSlots !== undefined && { missedSlots }),
      })
    },
    /** Derives what L1 has, and judges. */
    async follow(lists = open[0]!): Promise<void> {
      await node.sync()
      cursor = await readCursor(node.store)
      lists.refresh()
      await lists.settled()
    },
    async close(): Promise<void> {
      for (const lists of open) await lists.close()
      await store.close()
      await node.close()
    },
  }
}
