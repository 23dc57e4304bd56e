/** Blob transactions as wallets send them: viem makes them, with c-kzg's commitments and proofs. */
import cKzg from 'c-kzg'
import { keccak256, parseTransaction, toHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { beforeAll, describe, expect, test } from 'vitest'
import { ethereumRules } from '../../../src/engine/rules/evmRules.ts'
import { bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { decodeRlp, encodeRlp, type RlpItem } from '../../../src/primitives/rlp.ts'
import { admitTransaction } from '../../../src/propose/pool/admission.ts'
import { openNetworkForm } from '../../../src/propose/pool/networkForm.ts'

const account = privateKeyToAccount(`0x${'11'.repeat(32)}`)
let sent: Uint8Array
let parts: RlpItem[]

beforeAll(async () => {
  try {
    cKzg.loadTrustedSetup(0)
  } catch {
    // Another part of this process was here before.
  }
  const kzg = {
    blobToKzgCommitment: (blob: Uint8Array) => new Uint8Array(cKzg.blobToKzgCommitment(blob)),
    computeBlobKzgProof: (blob: Uint8Array, commitment: Uint8Array) =>
      new Uint8Array(cKzg.computeBlobKzgProof(blob, commitment)),
  }
  const blob = new Uint8Array(131_072)
  blob[5] = 7
  const signed = await account.signTransaction({
    ...{ chainId: 1, type: 'eip4844', nonce: 0, gas: 21_000n, to: account.address },
    ...{ maxFeePerGas: 9n, maxPriorityFeePerGas: 2n, maxFeePerBlobGas: 3n },
    ...{ blobs: [toHex(blob)], kzg },
  } as Parameters<typeof account.signTransaction>[0])
  sent = hexToBytes(signed)
  parts = [...(decodeRlp(sent.subarray(1), 5) as readonly RlpItem[])]
})

const pack = (items: readonly RlpItem[]) => Buffer.concat([Uint8Array.of(3), encodeRlp(items)])
const zeros = (size: number, count = 1) => Array.from({ length: count }, () => new Uint8Array(size))

describe('a blob transaction', () => {
  test('is taken apart into itself and its sidecar', async () => {
    const { raw, sidecar } = await openNetworkForm(sent)
    const parsed = parseTransaction(bytesToHex(raw))
    expect([parsed.type, parsed.nonce, parsed.maxFeePerBlobGas]).toEqual(['eip4844', 0, 3n])
    expect([sidecar.version, sidecar.blobs.length, sidecar.proofs.length]).toEqual([0, 1, 1])
    expect(keccak256(bytesToHex(raw))).toBe(keccak256(bytesToHex(pack(parts[0] as readonly RlpItem[]))))
  })

  test('may come with a proof for each cell, after a version byte', async () => {
    const [fields, blobs, commitments] = parts as [RlpItem, RlpItem, RlpItem]
    const versioned = pack([fields, Uint8Array.of(1), blobs, commitments, zeros(48, 128)])
    const { raw, sidecar } = await openNetworkForm(versioned)
    expect(bytesToHex(raw)).toBe(bytesToHex((await openNetworkForm(sent)).raw))
    expect([sidecar.version, sidecar.proofs.length]).toEqual([1, 128])
  })

  test.each([
    ['without its blobs', () => pack(parts[0] as readonly RlpItem[])],
    ['with an unknown version', () => pack([parts[0]!, Uint8Array.of(2), parts[1]!, parts[2]!, parts[3]!])],
    ['with another blob', () => pack([parts[0]!, zeros(131_072), parts[2]!, parts[3]!])],
    ['with another commitment', () => pack([parts[0]!, parts[1]!, zeros(48), parts[3]!])],
    ['with a blob too many', () => pack([parts[0]!, zeros(131_072, 2), zeros(48, 2), zeros(48, 2)])],
    ['with a proof too few', () => pack([parts[0]!, parts[1]!, parts[2]!, []])],
    ['with a short blob', () => pack([parts[0]!, zeros(9), parts[2]!, parts[3]!])],
    [
      'with a field element out of range',
      () => pack([parts[0]!, [new Uint8Array(131_072).fill(255)], parts[2]!, parts[3]!]),
    ],
    ['of no list', () => Uint8Array.of(3, 1)],
  ])('%s is refused', async (_, make) => {
    await expect(openNetworkForm(make())).rejects.toThrow(/invalid blobs/)
  })

  test('enters only a pool that takes blobs, and costs what its blobs may cost', async () => {
    const { raw } = await openNetworkForm(sent)
    const rules = { chainId: 1n, evm: ethereumRules('osaka'), minTip: 0n, gasLimit: 30_000_000n, arrival: 0 }
    expect(() => admitTransaction(raw, rules)).toThrow(/not supported/)
    expect(admitTransaction(raw, { ...rules, takesBlobs: true }).cost).toBe(21_000n * 9n + 131_072n * 3n)
    const few = { ...rules, evm: { ...rules.evm, blobsPerTransactionMax: 0 }, takesBlobs: true as const }
    expect(() => admitTransaction(raw, few)).toThrow(/limit 0/)
  })
})
