/** Calls of precompiles in random programs: with input that each takes, or nearly takes, with enough gas or a little less. */
import { createHash } from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'
import secp256k1 from 'secp256k1'
import { bytesToHex } from '../../src/primitives/hex.ts'
import { keccak256 } from '../../src/primitives/keccak.ts'
import type { Random } from './evmPrograms.ts'

const word = (value: bigint | number) => value.toString(16).padStart(64, '0')
const zeros = (bytes: number) => '00'.repeat(bytes)
const random32 = (random: Random) =>
  Array.from({ length: 32 }, () => random(256).toString(16).padStart(2, '0')).join('')

const signed = keccak256(Uint8Array.of(1, 2, 3))
const ecdsa = secp256k1.ecdsaSign(signed, keccak256(Uint8Array.of(4)))
const digitsOf = (bytes: Uint8Array) => bytesToHex(bytes).slice(2)

/** Generator of the second group of BN254: imaginary part first. EIP-197. */
const BN254_G2 = [
  11559732032986387107991004021392285783925812861821192530917403151452391805634n,
  10857046999023057135944570762232829481370756359578518086990519993285655852781n,
  4082367875863433681332203403145435568316851327593401208105741076214120093531n,
  8495653923123431417604973247489272438418190587263600148770280649306958101930n,
].map(word)
/** The zero polynomial is 0 everywhere, and the point at infinity is both its commitment and its proof. EIP-4844. */
const INFINITY = `c0${zeros(47)}`
const ZERO_BLOB_HASH = `01${createHash('sha256').update(Buffer.from(INFINITY, 'hex')).digest('hex').slice(2)}`

/** EIP-7951. */
const p256Input = (() => {
  const { secretKey, publicKey } = p256.keygen(new Uint8Array(48).fill(5))
  const signature = p256.sign(signed, secretKey, { prehash: false })
  // Without the byte that says how the point is written.
  const point = p256.Point.fromBytes(publicKey).toBytes(false).slice(1)
  return digitsOf(signed) + digitsOf(signature) + digitsOf(point)
})()

type Precompile = {
  readonly address: string
  readonly gas: number
  readonly input: (random: Random) => string
}

const PRECOMPILES: readonly Precompile[] = [
  {
    address: '01',
    gas: 3000,
    input: () =>
      digitsOf(signed) +
      word(27 + ecdsa.recid) +
      digitsOf(ecdsa.signature.slice(0, 32)) +
      digitsOf(ecdsa.signature.slice(32)),
  },
  { address: '02', gas: 84, input: random32 },
  { address: '03', gas: 720, input: random32 },
  { address: '04', gas: 18, input: random32 },
  {
    address: '05',
    gas: 500,
    input: (random) => {
      const lengths = [random(34), random(34), random(34)]
      const bytes = lengths.reduce((sum, length) => sum + length)
      return (
        lengths.map(word).join('') +
        (random32(random) + random32(random) + random32(random) + random32(random)).slice(0, 2 * bytes)
      )
    },
  },
  { address: '06', gas: 150, input: () => word(1) + word(2) + word(1) + word(2) },
  { address: '07', gas: 6000, input: (random) => word(1) + word(2) + random32(random) },
  {
    address: '08',
    gas: 79_000,
    input: (random) =>
      random(6) === 0 ? word(1) + word(2) + BN254_G2.join('') : random(2) === 0 ? '' : zeros(192),
  },
  {
    address: '09',
    gas: 5,
    input: (random) =>
      `${random(6).toString(16).padStart(8, '0')}${random32(random).repeat(6)}${zeros(16)}0${random(3)}`,
  },
  { address: '0a', gas: 50_000, input: () => ZERO_BLOB_HASH + word(7) + word(0) + INFINITY + INFINITY },
  { address: '0b', gas: 375, input: () => zeros(256) },
  { address: '0c', gas: 12_000, input: () => zeros(160) },
  { address: '0d', gas: 600, input: () => zeros(512) },
  { address: '0e', gas: 22_500, input: () => zeros(288) },
  { address: '0f', gas: 70_300, input: () => zeros(384) },
  { address: '10', gas: 5500, input: (random) => word(0) + word(random(256)) },
  { address: '0100', gas: 6900, input: () => p256Input },
]

/** Its answer is hashed into a slot, and so is what it costs. */
export function precompileCall(random: Random): string {
  const { address, gas, input } = PRECOMPILES[random(PRECOMPILES.length)] as Precompile
  const valid = input(random)
  const bytes = [...Buffer.from(valid, 'hex')]
  if (bytes.length > 0 && random(4) === 0) bytes[random(bytes.length)] = random(256)
  const size = random(5) === 0 ? random(bytes.length + 40) : bytes.length
  const digits = Buffer.from(bytes).toString('hex')
  const stores: string[] = []
  for (let at = 0; at < digits.length; at += 64)
    stores.push(`7f${digits.slice(at, at + 64).padEnd(64, '0')}61${(at / 2).toString(16).padStart(4, '0')}52`)
  const given = random(4) === 0 ? Math.max(0, gas - 1 + random(3)) : gas + random(2000)
  const opcode = ['f1', 'f2', 'f4', 'fa'][random(4)] as string
  const value = opcode === 'f1' || opcode === 'f2' ? (random(6) === 0 ? '6001' : '5f') : ''
  const push2 = (count: number) => `61${count.toString(16).padStart(4, '0')}`
  const called = `6040600c${push2(size)}5f${value}${push2(Number.parseInt(address, 16))}62${given.toString(16).padStart(6, '0')}${opcode}`
  return `${stores.join('')}${called}3d5f5f3e3d5f2001${random(2) === 0 ? '5a01' : ''}6003555f`
}
