/** Evidence files: only what proves what it says is read, and the bytes are those a slasher decodes. */
import { decodeAbiParameters, parseAbiParameters } from 'viem'
import { expect, test } from 'vitest'
import { type Conflict, FAULT_NUMBERS, findBlockConflict } from '../../../../src/preconf/evidence/evidence.ts'
import { evidenceFileText, parseEvidenceFile } from '../../../../src/preconf/evidence/file.ts'
import { bytesToHex, type Hash, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { keccak256 } from '../../../../src/primitives/keccak.ts'
import { type BlockCommitment, blockCommitmentHash } from '../../../../src/promise/blockCommitment.ts'
import type { SignedCommitment } from '../../../../src/promise/commitment.ts'
import {
  encodeInclusionList,
  INCLUSION_LIST_TYPE,
  inclusionListHash,
} from '../../../../src/promise/inclusionList.ts'
import { committerOf, signHash } from '../../../../src/promise/signature.ts'

const key = keccak256(new TextEncoder().encode('committer'))
const committer = committerOf(key)
const hash = (byte: string): Hash => `0x${byte.repeat(32)}`
const domain = {
  l1ChainId: 31_337n,
  domain: hash('d0'),
  signingId: hash('51'),
  slasher: `0x${'a3'.repeat(20)}`,
} as const
const COMMITMENT: BlockCommitment = {
  l2ChainId: 167n,
  blockNumber: 12n,
  parentCommitmentHash: ZERO_HASH,
  parentBlockHash: hash('01'),
  transactionsRoot: hash('02'),
  anchorBlockNumber: 5n,
  windowEnd: 1_700_000_012n,
  isEndOfWindow: false,
}
const sign = (change: Partial<BlockCommitment>, by = key) => {
  const commitment = { ...COMMITMENT, ...change }
  const commitmentHash = blockCommitmentHash(commitment, domain)
  return { commitment, commitmentHash, signature: signHash(commitmentHash, by) }
}
const about = { committer, registrationRoot: hash('99'), domain }
const find = (a: Partial<BlockCommitment>, b: Partial<BlockCommitment>) =>
  findBlockConflict(sign(a), sign(b), about)
const fileOf = (proof: Conflict) => evidenceFileText({ proof, domain }, 0)

test('two promises for one position are a conflict, whatever they differ in', () => {
  const changes: Partial<BlockCommitment>[] = [
    { transactionsRoot: hash('03') },
    { anchorBlockNumber: 6n },
    { windowEnd: 1_700_000_024n },
    { isEndOfWindow: true },
    { parentCommitmentHash: hash('04') },
  ]
  for (const change of changes) expect(find({}, change)?.kind).toBe('blockEquivocation')
  for (const change of [{}, { blockNumber: 13n }, { parentBlockHash: hash('05') }, { l2ChainId: 1n }])
    expect(find({}, change)).toBeUndefined()
})

test('a promise behind the end of its window comes after the one that ended it, whichever was seen first', () => {
  const last = sign({ isEndOfWindow: true })
  const next = { blockNumber: 13n, parentBlockHash: hash('07'), parentCommitmentHash: last.commitmentHash }
  for (const conflict of [find({ isEndOfWindow: true }, next), find(next, { isEndOfWindow: true })])
    expect(conflict).toMatchObject({
      kind: 'promisedBehindEnd',
      blockNumber: 12n,
      first: { signature: last.signature },
    })
  expect(find({ isEndOfWindow: true }, { ...next, windowEnd: 1_700_000_024n })).toBeUndefined()
  expect(find({}, next)).toBeUndefined()
})

test('a file is read as it was written, and its bytes are what the slasher decodes', () => {
  const conflict = find({}, { transactionsRoot: hash('03') })!
  const text = fileOf(conflict)
  expect(parseEvidenceFile(text)).toEqual({ proof: conflict, domain })
  const [fault, inner] = decodeAbiParameters(parseAbiParameters('uint8, bytes'), JSON.parse(text).evidence)
  expect(fault).toBe(FAULT_NUMBERS.blockEquivocation)
  const [second] = decodeAbiParameters(
    parseAbiParameters([
      'SignedCommitment signed',
      'struct Commitment { uint64 commitmentType; bytes payload; bytes32 requestHash; address slasher; }',
      'struct SignedCommitment { Commitment commitment; uint64 nonce; bytes32 signingId; bytes signature; }',
    ]),
    inner,
  )
  expect(second).toMatchObject({ signature: conflict.second.signature, signingId: domain.signingId })
  expect(second.commitment.payload).toBe(conflict.second.commitment.payload)
})

test('two lists for one window', () => {
  const signList = (transactionsHash: Hash): SignedCommitment => {
    const list = { l2ChainId: 167n, windowEnd: 1_700_000_012n, transactionsHash }
    return {
      commitment: {
        commitmentType: INCLUSION_LIST_TYPE,
        payload: bytesToHex(encodeInclusionList(list)),
        requestHash: ZERO_HASH,
        slasher: domain.slasher,
      },
      nonce: 0n,
      signingId: domain.signingId,
      signature: signHash(inclusionListHash(list, domain), key),
    }
  }
  const conflict: Conflict = {
    kind: 'listEquivocation',
    committer,
    first: signList(hash('01')),
    second: signList(hash('02')),
    windowEnd: 1_700_000_012n,
  }
  expect(parseEvidenceFile(fileOf(conflict))).toEqual({ proof: conflict, domain })
  expect(() => parseEvidenceFile(fileOf({ ...conflict, second: conflict.first }))).toThrow(
    /no listEquivocation/,
  )
})

test('refuses a file that proves something else, or nothing', () => {
  const conflict = find({}, { transactionsRoot: hash('03') })!
  const json = JSON.parse(fileOf(conflict))
  const expectRefused = (change: object, reason: RegExp) =>
    expect(() => parseEvidenceFile(JSON.stringify({ ...json, ...change }))).toThrow(reason)
  expectRefused({ second: json.first }, /no blockEquivocation/)
  expectRefused({ kind: 'promisedBehindEnd' }, /no promisedBehindEnd/)
  expectRefused({ committer: `0x${'11'.repeat(20)}` }, /first promise is signed by/)
  expectRefused({ l1ChainId: 1 }, /is signed by/)
  expectRefused({ first: { ...json.first, nonce: 1 } }, /is signed by/)
  expectRefused({ second: { ...json.second, signing_id: hash('52') } }, /same slasher and registry/)
  expectRefused({ version: 2 }, /version/)
  expectRefused({ first: {} }, /first/)
  expect(() => parseEvidenceFile('{')).toThrow(/no JSON/)
})
