/**
 * Two ways of being kept out, and the way around each. An operator who proposes but never takes the user's transaction finds his
 * proposals refused once it is due. When nobody proposes for so long that a forced source would inherit an anchor that is too old
 * (D-46), the user proposes it himself, in a source of his own under a fresh anchor.
 */
import { readFileSync } from 'node:fs'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEMO_KEY, PROPOSER_KEY } from '../../src/cli/devnet/keys.ts'
import type { Node } from '../../src/node.ts'
import type { Address, Hash, Hex } from '../../src/primitives/hex.ts'
import { hexToBytes } from '../../src/primitives/hex.ts'
import { keccak256Hex } from '../../src/primitives/keccak.ts'
import { encodeManifest } from '../../src/protocol/shasta/encodeManifest.ts'
import { createWorkplace, isBuilt, until, type Workplace } from '../support/e2e.ts'
import { type HandDrivenL1, startHandDrivenL1 } from '../support/e2eAnvil.ts'
import { createExit, type Exit, type Key } from '../support/e2eExit.ts'

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 300_000
const COINBASE: Address = '0x00000000000000000000000000000000c01bbace'
const OPERATOR = privateKeyToAccount(PROPOSER_KEY).address.toLowerCase()

describe.skipIf(!isBuilt)('escape', () => {
  let place: Workplace
  let l1: HandDrivenL1
  let exit: Exit
  let node: Node
  let user: Key

  beforeAll(async () => {
    place = await createWorkplace()
    l1 = await startHandDrivenL1({ operator: privateKeyToAccount(PROPOSER_KEY).address, automine: true })
    exit = createExit(place, l1)
    node = await l1.startNode()
    user = await exit.key('user', DEMO_KEY)
  }, TIMEOUT_MS)
  afterAll(async () => {
    await place?.close()
    await l1?.close()
  })

  /** One block without users' transactions; true where the inbox took it. */
  async function operatorProposes(forcedInclusions = 0): Promise<boolean> {
    const head = await l1.head()
    const block = {
      timestamp: head.timestamp,
      coinbase: COINBASE,
      anchorBlockNumber: head.number,
      gasLimit: 15_000_000n,
      transactions: [],
    }
    const proposal = await l1.signProposal(encodeManifest([block]), forcedInclusions)
    const hash = await l1.request('eth_sendRawTransaction', [proposal])
    let receipt: { status: Hex } | null = null
    await until('the proposal in a block', async () => {
      receipt = (await l1.request('eth_getTransactionReceipt', [hash])) as { status: Hex } | null
      return receipt !== null
    })
    await l1.reached(node)
    return receipt!.status === '0x1'
  }
  /** Queues a withdrawal of one ether on L1; the hash of its L2 transaction. */
  async function forceWithdrawal(file: string): Promise<Hash> {
    const { code, output } = await exit.bridge(
      ...(['withdraw', node.rpc.url, file, '--forced'] as const),
      ...['--key-file', user.file, '--bridge.amount', '1'],
    )
    expect(code, output).toBe(0)
    await l1.reached(node)
    const { transaction } = JSON.parse(readFileSync(place.path(file), 'utf8')) as {
      transaction: { raw: Hex; hash: Hash }
    }
    expect(keccak256Hex(hexToBytes(transaction.raw))).toBe(transaction.hash)
    return transaction.hash
  }
  /** The proposal that made the transaction's block, and the source it came from. */
  async function provenance(hash: Hash) {
    const position = await node.chain.transactionPosition(hash)
    if (position === undefined) return undefined
    const block = await node.chain.blockByNumber(position.blockNumber)
    const origin = (await node.chain.origin(position.blockNumber))!
    const { proposer, sources } = (await node.chain.proposal(origin.proposalId))!
    return {
      proposer,
      succeeded: block?.transactions[position.index]?.receipt.succeeded,
      isForcedInclusion: origin.isForcedInclusion,
      faults: sources.map(({ fault }) => fault?.name),
    }
  }

  test(
    'an operator who leaves a transaction out cannot propose past it once it is due',
    async () => {
      expect(await operatorProposes()).toBe(true)
      const hash = await forceWithdrawal('censored.json')
      // Not due yet: he may still leave it.
      expect(await operatorProposes()).toBe(true)
      expect(await provenance(hash)).toBeUndefined()
      await l1.mine(5)
      const before = node.chain.heads().latest
      expect(await operatorProposes()).toBe(false)
      expect(node.chain.heads().latest).toEqual(before)
      expect(await operatorProposes(1)).toBe(true)
      expect(await provenance(hash)).toEqual({
        proposer: OPERATOR,
        succeeded: true,
        isForcedInclusion: true,
        faults: [undefined, undefined],
      })
    },
    TIMEOUT_MS,
  )

  test(
    'after a silence longer than the anchor may lag, the user proposes it in a source of his own',
    async () => {
      const hash = await forceWithdrawal('silence.json')
      await l1.mine(Number(l1.spec.shasta.anchorMaxOffset) + 12)
      const rescue = exit.startProposer(
        ...(['empty', user, '--once', '--transaction', place.path('silence.json')] as const),
      )
      await rescue.line(
        /^0x[0-9a-f]{64} is in L2 block \d+, by proposal \d+, from the proposer's own source$/,
      )
      expect(await rescue.exit()).toEqual({ code: 0, signal: null })
      await l1.reached(node)
      expect(await provenance(hash)).toEqual({
        proposer: user.address,
        succeeded: true,
        isForcedInclusion: false,
        // What was forced inherited the anchor of the last block before the silence, and became the default.
        faults: ['anchorTooOld', undefined],
      })
    },
    TIMEOUT_MS,
  )
})
