import { ecrecover as stockEcrecover } from '@ethereumjs/util'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, test } from 'vitest'
import { commonFor } from '../../../src/engine/common.ts'
import {
  addressOfPublicKey,
  ecrecover,
  recoverPublicKey,
  SECP256K1_ORDER,
} from '../../../src/engine/crypto.ts'
import { createEngine } from '../../../src/engine/vm.ts'
import { concatBytes, toWord } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex } from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'
import { executeOn, SPEC, stateWith } from '../../support/engineChain.ts'

const KEY = new Uint8Array(32).fill(3)
const messages = Array.from({ length: 20 }, (_, i) => keccak256(Uint8Array.of(i)))

function sign(hash: Uint8Array) {
  const bytes = secp256k1.sign(hash, KEY, { prehash: false, format: 'recovered' })
  const { r, s, recovery } = secp256k1.Signature.fromBytes(bytes, 'recovered')
  return { r, s, yParity: recovery! }
}

test('recovers what the JavaScript library recovers', () => {
  const expected = bytesToHex(secp256k1.getPublicKey(KEY, false).slice(1))
  for (const hash of messages) {
    const signature = sign(hash)
    expect(bytesToHex(recoverPublicKey(hash, signature)!)).toBe(expected)
    // The twin with the higher s and the other parity has the same key.
    const twin = { r: signature.r, s: SECP256K1_ORDER - signature.s, yParity: 1 - signature.yParity }
    expect(bytesToHex(recoverPublicKey(hash, twin)!)).toBe(expected)
  }
})

const [hash] = messages as [Uint8Array]
const valid = sign(hash)
/** Edges of r and s, and points that are none. */
const EDGES: readonly (readonly [string, bigint, bigint])[] = [
  ['r = 0', 0n, valid.s],
  ['s = 0', valid.r, 0n],
  ['r = n', SECP256K1_ORDER, valid.s],
  ['s = n', valid.r, SECP256K1_ORDER],
  ['r = n − 1', SECP256K1_ORDER - 1n, valid.s],
  ['s = n − 1', valid.r, SECP256K1_ORDER - 1n],
  ['r = 5, no x coordinate', 5n, valid.s],
  ['r at its maximum', 2n ** 256n - 1n, valid.s],
  ['r = s = 1', 1n, 1n],
]

describe('the hook of precompile 0x01', () => {
  test.each(EDGES)('%s: throws exactly where the stock one does', (_, r, s) => {
    for (const v of [27n, 28n]) {
      const run = (recover: typeof ecrecover) => {
        try {
          return bytesToHex(recover(hash, v, toWord(r), toWord(s)))
        } catch {
          return 'throws'
        }
      }
      expect(run(ecrecover)).toBe(run(stockEcrecover))
    }
  })

  test('inside the EVM an invalid signature returns no bytes, a valid one the address', async () => {
    const precompile: Address = `0x${'00'.repeat(19)}01`
    const state = stateWith({})
    const { header } = await executeOn(state, [])
    const call = async (v: bigint, r: bigint, s: bigint) => {
      const data = concatBytes(hash, toWord(v), toWord(r), toWord(s))
      const ancestorHash = () => header.parentHash
      const { succeeded, returnData } = await createEngine({ spec: SPEC }).call({
        request: { to: precompile, data },
        header,
        state,
        ancestorHash,
      })
      expect(succeeded).toBe(true)
      return bytesToHex(returnData)
    }
    const v = BigInt(27 + valid.yParity)
    const address = addressOfPublicKey(secp256k1.getPublicKey(KEY, false).slice(1))
    expect(await call(v, valid.r, valid.s)).toBe(bytesToHex(concatBytes(new Uint8Array(12), address)))
    expect(await call(v, valid.r, 0n)).toBe('0x')
    expect(await call(v, 5n, valid.s)).toBe('0x')
    expect(await call(v, SECP256K1_ORDER, valid.s)).toBe('0x')
    for (const wrong of [0n, 1n, 26n, 29n, 27n + 2n ** 200n])
      expect(await call(wrong, valid.r, valid.s)).toBe('0x')
  })
})

describe('the shared Common', () => {
  test('is one for each chain and fork, and its copy is itself', () => {
    const common = commonFor(1n, 'shanghai')
    expect(commonFor(1n, 'shanghai')).toBe(common)
    expect(common.copy()).toBe(common)
    expect(commonFor(2n, 'shanghai')).not.toBe(common)
    expect(commonFor(1n, 'osaka')).not.toBe(common)
  })

  test('knows the rules of its fork: PUSH0 in Shanghai, transient storage in Cancun, delegations in Prague', () => {
    const eips = (fork: Parameters<typeof commonFor>[1]) =>
      [3855, 1153, 7702, 7951].map((eip) => commonFor(1n, fork).isActivatedEIP(eip))
    expect(eips('paris')).toEqual([false, false, false, false])
    expect(eips('shanghai')).toEqual([true, false, false, false])
    expect(eips('cancun')).toEqual([true, true, false, false])
    expect(eips('prague')).toEqual([true, true, true, false])
    expect(eips('osaka')).toEqual([true, true, true, true])
  })

  test('keeps no listeners of the machines that used it', async () => {
    for (let i = 0; i < 3; i++) await executeOn(stateWith({}), [])
    expect(commonFor(SPEC.l2.chainId, 'shanghai').events.listenerCount('hardforkChanged')).toBe(0)
  })
})
