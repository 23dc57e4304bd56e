import { expect, test } from 'vitest'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { validatorKey } from '../../support/pos/validatorKeys.ts'

/** keygen_10_validators.yaml of ethereum/eth2.0-pm, interop/mocked_start. */
const PUBLISHED = [
  [
    '0x25295f0d1d592a90b333e26e85149708208e9f8e8bc18f6c77bd62f8ad7a6866',
    '0xa99a76ed7796f7be22d5b7e85deeb7c5677e88e511e0b337618f8c4eb61349b4bf2d153f649f7b53359fe8b94a38e44c',
  ],
  [
    '0x51d0b65185db6989ab0b560d6deed19c7ead0e24b9b6372cbecb1f26bdfad000',
    '0xb89bebc699769726a318c8e9971bd3171297c61aea4a6578a7a4f94b547dcba5bac16a89108b6b6a1fe3695d1a874a0b',
  ],
  [
    '0x315ed405fafe339603932eebe8dbfd650ce5dafa561f6928664c75db85f97857',
    '0xa3a32b0f8b4ddb83f1a0a853d81dd725dfe577d4f4c3db8ece52ce2b026eca84815c1a7e8e92a4de3d755733bf7e4a9b',
  ],
] as const

test.each(PUBLISHED.map((key, index) => [index, ...key] as const))(
  'the key of validator %i is the published one',
  (index, secret, publicKey) => {
    const key = validatorKey(index)
    expect([bytesToHex(key.secretKey), key.publicKey]).toEqual([secret, publicKey])
  },
)
