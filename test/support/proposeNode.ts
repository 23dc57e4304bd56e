/** A deriving node with pool, proposer and attester over a local L1: the rooms as a devnet wires them, without RPC. */
import { privateKeyToAccount } from 'viem/accounts'
import { createChain } from '../../src/chain/sqliteChain.ts'
import { startBeaconFacade } from '../../src/cli/devnet/beaconFacade.ts'
import { ATTESTER_KEYS } from '../../src/cli/devnet/keys.ts'
import { createDriver } from '../../src/derive/driver.ts'
import { writeGenesis } from '../../src/derive/genesis.ts'
import type { Genesis } from '../../src/engine/genesis.ts'
import { rollupRules } from '../../src/engine/rules/evmRules.ts'
import { createFlatState } from '../../src/engine/state/flatStateOnStore.ts'
import { createEngine } from '../../src/engine/vm.ts'
import { createL1 } from '../../src/l1/createL1.ts'
import { sleep } from '../../src/primitives/async.ts'
import type { Address } from '../../src/primitives/hex.ts'
import { createAttester, DEFAULT_ATTESTER_OPTIONS } from '../../src/propose/attest.ts'
import type { BlobProver } from '../../src/propose/blobProver.ts'
import { createInboxReader } from '../../src/propose/inbox.ts'
import { createMemoryJournal } from '../../src/propose/journal.ts'
import { createPoolState, followChain, readPoolHead } from '../../src/propose/pool/followChain.ts'
import { createPoster, DEFAULT_POSTER_OPTIONS } from '../../src/propose/poster.ts'
import {
  createProposer,
  DEFAULT_BUILDER_OPTIONS,
  DEFAULT_PROPOSER_OPTIONS,
  type ProposerDeps,
  type ProposerOptions,
} from '../../src/propose/proposer.ts'
import { createTxPool } from '../../src/propose/txPool.ts'
import { CHAIN_STORE_SCHEMAS } from '../../src/snapshot/chainStore.ts'
import { createDevnetSpec } from '../../src/spec/devnet.ts'
import { openStore } from '../../src/store/openStore.ts'
import { silentLogger } from '../../src/telemetry/log.ts'
import { L1_CHAIN_ID, L1_SECONDS_PER_SLOT, type TestL1 } from './proposeAnvil.ts'
import { CHAIN_ID } from './proposeChain.ts'
import { testAccount } from './proposeTransactions.ts'

const L2_CHAIN_ID = BigInt(CHAIN_ID)

export type ProposeNode = Awaited<ReturnType<typeof startProposeNode>>

export async function startProposeNode(l1Server: TestL1, genesis: Genesis, prover: BlobProver) {
  const { rpc } = l1Server
  const { deployment, account } = await l1Server.deploy()
  const first = (await rpc('eth_getBlockByNumber', ['0x0', false])) as {
    timestamp: string
    hash: `0x${string}`
  }
  const genesisTime = BigInt(first.timestamp)
  const secondsPerSlot = BigInt(L1_SECONDS_PER_SLOT)
  const anvil = {
    url: l1Server.url,
    request: (method: string, params: readonly unknown[] = []) => rpc(method, params),
    async close() {},
  }
  const beacon = await startBeaconFacade({ anvil, port: 0, genesisTime, secondsPerSlot })
  const spec = createDevnetSpec({
    l1ChainId: BigInt(L1_CHAIN_ID),
    l2ChainId: L2_CHAIN_ID,
    inbox: deployment.inbox,
    startBlock: 1n,
    genesisTime,
    secondsPerSlot,
    genesis: { hash: genesis.hash, stateRoot: genesis.stateRoot },
  })
  const l1 = await createL1({
    spec,
    endpoints: [{ name: 'anvil', url: l1Server.url, limits: { requestsPerSecond: 10_000 } }],
    beacons: [{ name: 'facade', url: beacon.url, limits: { requestsPerSecond: 10_000 } }],
    // Anvil's transactions root counts blobs in, which Ethereum's does not.
    trustsTransactionHashes: true,
    pollIntervalMs: 20,
    finalityIntervalMs: 100,
    kzgThreads: 0,
    pauseScale: 0.01,
  })
  const store = await openStore({
    path: ':memory:',
    schemas: CHAIN_STORE_SCHEMAS,
  })
  const state = await createFlatState({ store })
  const chain = await createChain(store)
  const engine = createEngine({ spec })
  await writeGenesis({ store, chain, state }, { spec, genesis, l1: { number: 0n, hash: first.hash } })
  const driver = createDriver({
    ...{ spec, l1, engine, state, chain, store },
    logger: silentLogger,
    wait: (ms, signal) => sleep(Math.min(ms, 20), signal).catch(() => {}),
  })
  const stop = new AbortController()
  const running = driver.run(stop.signal)

  const { gasLimitTarget } = DEFAULT_BUILDER_OPTIONS
  const pool = createTxPool(
    { state: createPoolState(() => state.source()) },
    {
      rules: { chainId: L2_CHAIN_ID, evm: rollupRules('unzen'), minTip: 0n },
      head: await readPoolHead(chain, spec, gasLimitTarget),
    },
  )
  followChain({ pool, chain, spec, gasLimitTarget, logger: silentLogger })
  const inbox = createInboxReader(rpc, deployment.inbox)
  const proposer = account.address.toLowerCase() as Address
  const poster = createPoster(
    { rpc, account, prover, journal: createMemoryJournal(), logger: silentLogger },
    { ...DEFAULT_POSTER_OPTIONS, chainId: L1_CHAIN_ID, inbox: deployment.inbox },
  )
  const proposerDeps = {
    spec,
    engine,
    chain,
    state,
    l1,
    inbox,
    pool,
    poster,
    ready: () => true,
    logger: silentLogger,
  }
  const proposerOptions: ProposerOptions = {
    ...DEFAULT_PROPOSER_OPTIONS,
    builder: { ...DEFAULT_BUILDER_OPTIONS, proposer, coinbase: proposer },
  }
  // Any funded account will do; not the proposer's.
  const payer = testAccount(99)
  await rpc('anvil_setBalance', [payer.address, '0x56bc75e2d63100000'])
  const attester = createAttester(
    {
      ...{ rpc, chain, inbox, account: payer, logger: silentLogger },
      attesters: ATTESTER_KEYS.map((key) => privateKeyToAccount(key)),
    },
    {
      ...DEFAULT_ATTESTER_OPTIONS,
      l1ChainId: L1_CHAIN_ID,
      l2ChainId: L2_CHAIN_ID,
      inbox: deployment.inbox,
      upTo: 'safe',
    },
  )

  return {
    ...{ spec, chain, state, engine, pool, poster, attester, inbox, account },
    inboxAddress: deployment.inbox,
    proposer: createProposer(proposerDeps, proposerOptions),
    /** Another proposer with the same rooms. */
    proposerWith: (options: Partial<ProposerOptions>, deps: Partial<ProposerDeps> = {}) =>
      createProposer({ ...proposerDeps, ...deps }, { ...proposerOptions, ...options }),
    async close() {
      stop.abort()
      await running
      await l1.close()
      await beacon.close()
      await engine.close()
      await store.close()
    },
  }
}

/** Waits for what happens in its own time, and stays so once it is: time passes however long a look at it takes. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${condition}`)
    await sleep(10)
  }
}
