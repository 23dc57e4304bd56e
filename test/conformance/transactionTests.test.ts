/** ethereum/tests TransactionTests (MIT) against our decoder, stateless filter, sender recovery and intrinsic gas. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ethereumRules } from '../../src/engine/rules/evmRules.ts'
import { checkStateless } from '../../src/engine/rules/filter.ts'
import { intrinsicGas } from '../../src/engine/rules/intrinsicGas.ts'
import { recoverSigner } from '../../src/engine/sender.ts'
import { decodeTransaction } from '../../src/engine/transaction.ts'
import { bytesToHex, type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { keccak256Hex } from '../../src/primitives/keccak.ts'
import type { EthereumFork } from '../../src/spec/ethereumSpec.ts'
import { SHARED_FIXTURES } from '../support/engineFixtures.ts'

const SUITE = join(SHARED_FIXTURES, 'suites/ethereum-tests/TransactionTests')

/** The suite's forks, under our names. */
const FORKS: Readonly<Record<string, EthereumFork>> = {
  Frontier: 'frontier',
  Homestead: 'homestead',
  EIP150: 'tangerineWhistle',
  EIP158: 'spuriousDragon',
  Byzantium: 'byzantium',
  Constantinople: 'constantinople',
  ConstantinopleFix: 'petersburg',
  Istanbul: 'istanbul',
  Berlin: 'berlin',
  London: 'london',
  Paris: 'paris',
  Shanghai: 'shanghai',
  Cancun: 'cancun',
}

type Outcome = { exception: string } | { sender: Hex; hash: Hex; intrinsicGas: Hex }
type Case = { name: string; raw: Uint8Array | null; fork: EthereumFork; expected: Outcome }

function readCases(): Case[] {
  const files = readdirSync(SUITE, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.json'),
  )
  return files.sort().flatMap((path) => {
    const file = JSON.parse(readFileSync(join(SUITE, path), 'utf8')) as Record<
      string,
      { txbytes: string; result: Record<string, Outcome> }
    >
    return Object.entries(file).flatMap(([name, { txbytes, result }]) =>
      Object.entries(FORKS).flatMap(([suiteFork, fork]) => {
        const expected = result[suiteFork]
        if (expected === undefined) return []
        return [{ name: `${path} ${name} ${fork}`, raw: hexToBytes(txbytes), fork, expected }]
      }),
    )
  })
}

function outcomeOf(raw: Uint8Array, fork: EthereumFork): Outcome {
  const decoded = decodeTransaction(raw)
  if (decoded.type === 'undecodable') return { exception: decoded.detail }
  const { transaction } = decoded
  const rules = ethereumRules(fork)
  const refusal = checkStateless(transaction, {
    chainId: 1n,
    rules,
    baseFeePerGas: 0n,
    gasLeft: 2n ** 64n - 1n,
    blobBaseFee: 1n,
  })
  if (refusal !== null) return { exception: `${refusal.rule} ${refusal.reason}` }
  const sender = recoverSigner(transaction)
  if (sender === null) return { exception: 'D-74' }
  return {
    sender: bytesToHex(sender),
    hash: keccak256Hex(raw),
    intrinsicGas: `0x${intrinsicGas(transaction, rules).gas.toString(16)}`,
  }
}

describe.skipIf(!existsSync(SUITE))('TransactionTests', () => {
  const cases = existsSync(SUITE) ? readCases() : []

  test('valid and invalid transactions are there for each fork', () => {
    expect(cases.length).toBeGreaterThan(900)
    expect(cases.filter(({ expected }) => !('exception' in expected)).length).toBeGreaterThan(250)
  })

  test.each(Object.values(FORKS))(
    '%s: the invalid are refused, the valid have their sender, hash and gas',
    (fork) => {
      const failures: string[] = []
      for (const { name, raw, expected } of cases.filter((each) => each.fork === fork)) {
        const outcome = outcomeOf(raw!, fork)
        if ('exception' in expected !== 'exception' in outcome) {
          failures.push(`${name}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(outcome)}`)
          continue
        }
        if ('exception' in expected || 'exception' in outcome) continue
        const { sender, hash, intrinsicGas: gas } = expected
        if (
          sender !== outcome.sender ||
          hash !== outcome.hash ||
          BigInt(gas) !== BigInt(outcome.intrinsicGas)
        )
          failures.push(`${name}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(outcome)}`)
      }
      expect(failures).toEqual([])
    },
  )
})
