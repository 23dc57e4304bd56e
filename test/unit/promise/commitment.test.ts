/** Fabric's and Commit-Boost's own figures: preconf.md §1.5. */
import { encodeAbiParameters } from 'viem'
import { expect, test } from 'vitest'
import { type Hash, type Hex, hexToBytes, ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { decodePublicKey } from '../../../src/promise/blsPoints.ts'
import {
  commitmentRoot,
  constraintsRoot,
  delegationRoot,
  requestHash,
} from '../../../src/promise/commitment.ts'
import { committerOf, recoverCommitter, signHash } from '../../../src/promise/signature.ts'
import { signingDomainOf, signingRoot } from '../../../src/promise/signingRoot.ts'

const PROPOSER = decodePublicKey(
  '0xaf6e96c0eccd8d4ae868be9299af737855a1b08d57bccb565ea7e69311a30baeebe08d493c3fea97077e8337e95ac5a6',
)
const DELEGATE = decodePublicKey(
  '0xaf53b192a82ec1229e8fce4f99cb60287ce33896192b6063ac332b36fbe87ba1b2936bbc849ec68a0132362ab11a7754',
)
const inclusion = (slot: bigint, transaction: Hex) =>
  encodeAbiParameters(
    [{ type: 'tuple', components: [{ type: 'uint64' }, { type: 'bytes' }] }],
    [[slot, transaction]],
  )

test('an empty request and its commitment', () => {
  const request = { commitmentType: 1n, payload: '0x', slasher: ZERO_ADDRESS } as const
  expect(requestHash(request)).toBe('0xf61a6130b6ebfffcb3738e03fe820e4b883b623ec3ab7657ffbf385b2e94edba')
  expect(commitmentRoot({ ...request, requestHash: ZERO_HASH })).toBe(
    '0x9770f15c80e37efd7af931b39a8b67e01003b923ee5d808b5a87619ebdf30da1',
  )
})

test('an inclusion payload is encoded as a tuple', () => {
  expect(keccak256Hex(hexToBytes(inclusion(12345n, '0x')))).toBe(
    '0x0ccee42883ae08bce4f8725891b2e9cc65a260876b55b23d4b7d94d60fad8211',
  )
})

test('a delegation', () => {
  const root = delegationRoot({
    proposer: PROPOSER,
    delegate: DELEGATE,
    committer: `0x${'11'.repeat(20)}`,
    slot: 5n,
    metadata: `0x${Buffer.from('some-metadata-here').toString('hex')}`,
  })
  expect(root).toBe('0xcd9aca062121f6f50df1bfd7e74e2b023a5a0d9e1387447568a2119db5022e1b')
})

test('constraints', () => {
  const root = constraintsRoot({
    proposer: PROPOSER,
    delegate: DELEGATE,
    slot: 67_890n,
    constraints: [
      { constraintType: 1n, payload: '0x0102' },
      { constraintType: 2n, payload: '0x0304' },
    ],
    receivers: [PROPOSER],
  })
  expect(root).toBe('0xb27bb26406c8fe6cf9e5bb1723d7dd2b06e4d32efc0cb0419dc57cc6c4b0ca87')
})

test('from a request to the signature of its commitment', () => {
  const slasher = '0x1234567890123456789012345678901234567890'
  const request = { commitmentType: 1n, payload: inclusion(12345n, '0x02f8'), slasher } as const
  const hash = requestHash(request)
  expect(hash).toBe('0x0eeea77fcc6045cb9cf74956be1f894e8c880d166ef4b77ac98f8fc32f994f41')
  const root = commitmentRoot({ ...request, requestHash: hash })
  expect(root).toBe('0x2dccf4f24a9b4c2bbbc3e23acfd293e315e7488c85e4fdbdba6aca0afc18a1fd')
  const signed: Hash = signingRoot(root, 0n, {
    l1ChainId: 560_048n,
    domain: signingDomainOf('0x10000910'),
    signingId: '0x6a33a23ef26a4836979edff86c493a69b26ccf0b4a16491a815a13787657431b',
  })
  expect(signed).toBe('0xc497f12abc8a05582760bcc94b8673ad481842eaf04733c1fbb09cb2939d0fc5')
  const key = hexToBytes('0x88bcd6672d95bcba0d52a3146494ed4d37675af4ed2206905eb161aa99a6c0d1')
  const signature = signHash(signed, key)
  expect(signature).toBe(
    '0x688963a00133fc7550dc205cbd7a9448406265096ebf10c17294f15e9f2655292d5f13d581c22fd9f03060f21c9c3c3bba28bb3dda55a0c3a7f53fdc90fa3fc21c',
  )
  expect(committerOf(key)).toBe('0x4ce9d14ddcb555b0a4edf89c87e63ec52fdfadd9')
  expect(recoverCommitter(signed, signature)).toBe('0x4ce9d14ddcb555b0a4edf89c87e63ec52fdfadd9')
})
