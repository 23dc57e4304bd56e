/** Two judges of one omission: this node's rule, and OmissionJudge's bytecode with a proof. Whatever is listed, they say the same. */
import { createMerkleProof, createMPT } from '@ethereumjs/mpt'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { recoverSender } from '../../../../src/engine/sender.ts'
import { encodeAccount } from '../../../../src/engine/state/account.ts'
import { decodeTransaction } from '../../../../src/engine/transaction.ts'
import { readListed } from '../../../../src/preconf/lists/listedTransaction.ts'
import { maxBigint } from '../../../../src/primitives/bigint.ts'
import { bigintToBytes, bytesToBigint, concatBytes } from '../../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hex, hexToBytes, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256Hex } from '../../../../src/primitives/keccak.ts'
import { encodeRlp, type RlpItem } from '../../../../src/primitives/rlp.ts'
import { encodeListed, hashListed } from '../../../../src/promise/inclusionList.ts'
import {
  type AccountFacts,
  certainlyFitsZkGas,
  judgeInclusion,
} from '../../../../src/promise/inclusionRule.ts'
import { committerOf, signHash } from '../../../../src/promise/signature.ts'
import { DOMAIN } from '../../../support/preconfLists.ts'
import { deploySlasher } from '../../../support/preconfSlasher.ts'

const L2_CHAIN_ID = 1_660_000n
/** So many that each verdict comes up, whatever chance draws. */
const RUNS = 500
const KEY = new Uint8Array(32).fill(0x42)
const SENDER = committerOf(KEY)
const RECIPIENT = new Uint8Array(20).fill(0x70)
type FieldsOf<A> = A extends fc.Arbitrary<infer T> ? T : never
/** Another code than none. */
const SOME_CODE_HASH: Hex = `0x${'c0'.repeat(32)}`
let slasher: Awaited<ReturnType<typeof deploySlasher>>
beforeAll(async () => {
  slasher = await deploySlasher(
    { proposalHash: async () => undefined, checkpoint: async () => undefined, isTaken: () => true },
    { domain: DOMAIN, l2ChainId: L2_CHAIN_ID, genesisTime: 0n, secondsPerSlot: 12n },
  )
})

/** Each of many choices is the usual one, or hardly anything would get past all of them. */
const often = <T>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 8, arbitrary: usual }, { weight: 1, arbitrary: other })

/** Around the value that decides, and anywhere. */
const around = (value: bigint, max: bigint) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(value) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(...[value - 1n, value + 1n].filter((each) => each >= 0n && each <= max)),
    },
    { weight: 1, arbitrary: fc.bigInt({ min: 0n, max }) },
  )

const BASE_FEE = 1_000n
const NONCE = 7n
const UINT64_MAX = 2n ** 64n - 1n
const transactionFields = fc.record({
  type: often(fc.constantFrom(0, 1, 2), fc.constant(4)),
  chainId: often(fc.constant(L2_CHAIN_ID), fc.constantFrom(1n, L2_CHAIN_ID + 1n)),
  nonce: around(NONCE, UINT64_MAX),
  gas: often(
    fc.oneof(around(21_000n, 2n ** 25n), fc.constantFrom(60_000n, 100_000n)),
    around(2n ** 24n, 2n ** 25n),
  ),
  fee: around(BASE_FEE, 2n ** 129n),
  tip: often(fc.constant(1n), fc.constantFrom(BASE_FEE, BASE_FEE + 2n)),
  value: often(fc.constantFrom(0n, 5n), fc.constant(2n ** 256n - 1n)),
  data: often(fc.constant(new Uint8Array(0)), fc.uint8Array({ maxLength: 300 })),
  isCreation: often(fc.constant(false), fc.constant(true)),
  keys: often(fc.constant(0), fc.integer({ min: 1, max: 3 })),
})

/** By hand, since libraries refuse to sign what is invalid. */
function sign(fields: FieldsOf<typeof transactionFields>): Uint8Array {
  const { type, chainId, nonce, gas, fee, tip, value, data, isCreation, keys } = fields
  const number = (each: bigint) => bigintToBytes(each)
  const to = isCreation ? new Uint8Array(0) : RECIPIENT
  const accessList = [[RECIPIENT, Array.from({ length: keys }, (_, i) => new Uint8Array(32).fill(i))]]
  const prices = type === 0 || type === 1 ? [number(fee)] : [number(tip), number(fee)]
  const body: RlpItem[] = [number(nonce), ...prices, number(gas), to, number(value), data]
  if (type !== 0) body.unshift(number(chainId))
  if (type !== 0) body.push(keys === 0 ? [] : accessList)
  if (type === 4) body.push([])
  const prefix = type === 0 ? new Uint8Array(0) : Uint8Array.of(type)
  const unsigned = type === 0 ? [...body, number(chainId), number(0n), number(0n)] : body
  const signature = hexToBytes(signHash(keccak256Hex(concatBytes(prefix, encodeRlp(unsigned))), KEY))
  const parity = BigInt((signature[64] ?? 0) - 27)
  const v = type === 0 ? 35n + 2n * chainId + parity : parity
  const rs = [signature.slice(0, 32), signature.slice(32, 64)].map((half) => number(bytesToBigint(half)))
  return concatBytes(prefix, encodeRlp([...body, number(v), ...rs]))
}

const stateFields = fc.record({
  nonce: around(NONCE, UINT64_MAX),
  /** More or less than the transaction can cost, in wei. */
  spare: fc.constantFrom(0n, 0n, 1n, -1n, 10n ** 18n),
  hasCode: often(fc.constant(false), fc.constant(true)),
  gasLeft: fc.constantFrom(0n, 0n, 1n, 30_000_000n, -1n),
  baseFee: around(BASE_FEE, 2n ** 64n),
  /** Less than what the transaction takes at most, or more; undefined before Unzen. */
  zkSpare: fc.oneof(fc.constant(undefined), fc.constantFrom(0n, 0n, 1n, 50_000_000n, -1n)),
})

async function proveAccount(address: Address, { nonce, balance, hasCode }: AccountFacts) {
  const trie = await createMPT({ useKeyHashing: true })
  for (const [of, account] of [
    [address, { nonce, balance, hasCode }],
    [`0x${'99'.repeat(20)}`, { nonce: 1n, balance: 2n, hasCode: false }],
  ] as const)
    await trie.put(
      hexToBytes(of),
      encodeAccount({
        nonce: account.nonce,
        balance: account.balance,
        storageRoot: EMPTY_TRIE_ROOT,
        codeHash: account.hasCode ? SOME_CODE_HASH : EMPTY_CODE_HASH,
      }),
    )
  return {
    root: bytesToHex(trie.root()),
    proof: (await createMerkleProof(trie, hexToBytes(address))).map(bytesToHex),
  }
}

/** What both say of `raw`: violated or not. Undefined when no list can hold it. */
async function judgeTwice(raw: Uint8Array, state: FieldsOf<typeof stateFields>) {
  const encoded = encodeOrNothing(raw)
  if (encoded === undefined) return undefined
  const decoded = decodeTransaction(raw)
  const transaction = decoded.type === 'transaction' ? decoded.transaction : undefined
  const sender = transaction && recoverSender(transaction)
  const cost = transaction ? transaction.value + transaction.gasLimit * transaction.maxFeePerGas : 0n
  const clamp = (value: bigint) => (value < 0n ? 0n : value > 2n ** 256n - 1n ? 2n ** 256n - 1n : value)
  const account = { nonce: state.nonce, balance: clamp(cost + state.spare), hasCode: state.hasCode }
  const gasLimit = 60_000_000n
  const gasLeft = clamp((transaction?.gasLimit ?? 0n) % gasLimit) + state.gasLeft
  const address = sender ? bytesToHex(sender) : SENDER
  const { root, proof } = await proveAccount(address, account)

  const read = readListed(raw, L2_CHAIN_ID)
  const gasUsed = clamp(gasLimit - clamp(gasLeft))
  const zkGasAtMost = 243_000n + 65_535n * (read.type === 'listed' ? read.transaction.gasToRun : 0n)
  const zkGasUsed =
    state.zkSpare === undefined ? 0n : maxBigint(100_000_000n - zkGasAtMost - state.zkSpare, 1n)
  const inclusion =
    read.type === 'listed'
      ? await judgeInclusion(read.transaction, {
          isIncluded: false,
          gasLeft: gasLimit - gasUsed,
          baseFeePerGas: state.baseFee,
          account,
          // As far as who executes nothing can tell.
          fitsZkGas: async () => certainlyFitsZkGas(read.transaction, zkGasUsed),
        })
      : read
  const list = { l2ChainId: L2_CHAIN_ID, windowEnd: 12, transactionsHash: hashListed(encoded) }
  const last = {
    ...{ number: 1n, parentHash: ZERO_HASH, stateRoot: root, transactionsRoot: ZERO_HASH, proposalId: 1n },
    ...{ zkGasUsed, gasLimit, gasUsed, baseFee: state.baseFee },
  }
  const bySlasher = await slasher.judge(list, bytesToHex(encoded), 0n, last, proof)
  return { here: inclusion, sender: address, bySlasher }
}

function encodeOrNothing(raw: Uint8Array): Uint8Array | undefined {
  try {
    return encodeListed([raw])
  } catch {
    return undefined
  }
}

describe('agree', () => {
  test('about signed transactions of every kind, valid or not', async () => {
    const seen = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(transactionFields, stateFields, async (fields, state) => {
        const judged = await judgeTwice(sign(fields), state)
        if (judged === undefined) return
        const { here } = judged
        const verdict = here.type === 'excused' ? here.excuse : here.type
        seen.set(verdict, (seen.get(verdict) ?? 0) + 1)
        expect(judged.bySlasher).toBe(judged.here.type === 'violated' ? judged.sender : undefined)
      }),
      { numRuns: RUNS },
    )
    // Else nothing was compared.
    for (const verdict of ['violated', 'gasTooHigh', 'zkGasTooHigh', 'unjudged'])
      expect(seen.get(verdict) ?? 0, verdict).toBeGreaterThan(5)
  })

  test('about transactions with a byte changed', async () => {
    const mutation = fc.record({ at: fc.nat(400), to: fc.integer({ min: 0, max: 255 }) })
    await fc.assert(
      fc.asyncProperty(transactionFields, stateFields, mutation, async (fields, state, { at, to }) => {
        const raw = sign(fields)
        raw[at % raw.length] = to
        const judged = await judgeTwice(raw, state)
        if (judged === undefined) return
        expect(judged.bySlasher).toBe(judged.here.type === 'violated' ? judged.sender : undefined)
      }),
      { numRuns: RUNS },
    )
  })
})
