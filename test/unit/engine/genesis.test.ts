import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildGenesis } from '../../../src/engine/genesis.ts'
import { headerHash } from '../../../src/primitives/header.ts'
import { SHARED_FIXTURES } from '../../support/engineFixtures.ts'

const MAINNET = join(SHARED_FIXTURES, 'taiko/taiko-mainnet-genesis.json')
const CHAIN = join(SHARED_FIXTURES, 'execution-apis/chain.rlp')
const ETHEREUM = join(SHARED_FIXTURES, 'execution-apis/genesis.json')

// Expected values: taiko.md §1.3.
test.skipIf(!existsSync(MAINNET))('the mainnet alloc gives the known state root and block hash', () => {
  const genesis = buildGenesis(JSON.parse(readFileSync(MAINNET, 'utf8')))
  expect(genesis.stateRoot).toBe('0x6db0b876b40a651c0a08b36e286c52afaa5d7cef7a4dc50c162704e3cc11921b')
  expect(genesis.hash).toBe('0x90bc60466882de9637e269e87abab53c9108cf9113188bc4f80bcfcb10e489b9')
  expect(genesis.changes.accounts.size).toBe(22)
})

test.skipIf(!existsSync(MAINNET))('a changed balance gives another root and hash', () => {
  const json = JSON.parse(readFileSync(MAINNET, 'utf8'))
  json.alloc['0x69AA0361Dbb0527d4F1e5312403Bd41788fe61Fe'].balance = '0x0ac9ae05a71ebc0001'
  const genesis = buildGenesis(json)
  expect(genesis.stateRoot).not.toBe('0x6db0b876b40a651c0a08b36e286c52afaa5d7cef7a4dc50c162704e3cc11921b')
  expect(genesis.hash).not.toBe('0x90bc60466882de9637e269e87abab53c9108cf9113188bc4f80bcfcb10e489b9')
})

const minimal = { config: { londonBlock: 0, shanghaiTime: 0 }, gasLimit: '0x1', alloc: {} }

test('a file that is no genesis is refused with the place', () => {
  expect(() => buildGenesis({})).toThrow('this is not a genesis file')
  expect(() => buildGenesis({ ...minimal, alloc: { '0x12': { balance: '0x0' } } })).toThrow(
    '0x12 is not an address',
  )
  expect(() => buildGenesis({ ...minimal, alloc: { ['11'.repeat(20)]: { balance: 'one' } } })).toThrow(
    'alloc',
  )
})

test('one account under two spellings is refused', () => {
  const alloc = { [`0x${'aa'.repeat(20)}`]: { balance: '1' }, ['AA'.repeat(20)]: { balance: '2' } }
  expect(() => buildGenesis({ ...minimal, alloc })).toThrow('is there twice')
})

test('fork fields follow the forks that are on at genesis', () => {
  const at = (config: object) => Object.keys(buildGenesis({ ...minimal, config }).header)
  expect(at({})).not.toContain('baseFeePerGas')
  expect(at({ londonBlock: 0 })).toContain('baseFeePerGas')
  expect(at({ londonBlock: 0 })).not.toContain('withdrawalsRoot')
  expect(at({ shanghaiTime: 1 })).not.toContain('withdrawalsRoot')
  expect(at({ shanghaiTime: 0 })).toContain('withdrawalsRoot')
  expect(at({ shanghaiTime: 0, cancunTime: 0 })).toContain('parentBeaconBlockRoot')
  expect(at({ shanghaiTime: 0, cancunTime: 0, pragueTime: 0 })).toContain('requestsHash')
})

// Both hashes of Taiko's own devnet: alethia-reth 2c791d83, crates/chainspec/src/lib.rs. The state root is that of its alloc.
test('a genesis under Unzen has the header fields that Taiko gives its devnet, and one under Shasta has not', () => {
  const json = { gasLimit: '15000000', baseFeePerGas: '10000000', extradata: '', alloc: {} }
  const stateRoot = '0xb14709cdb9cf6c56cc66cfface85ff201b401bfbf919b07e7ed1ac061897def4'
  const hashUnder = (config: object) => headerHash({ ...buildGenesis({ ...json, config }).header, stateRoot })
  const shasta = { londonBlock: 0, shanghaiTime: 0 }
  const unzen = { ...shasta, cancunTime: 0, pragueTime: 0, osakaTime: 0 }
  expect(hashUnder(unzen)).toBe('0x0ab9db72570aa79341b50c888abaf2e64395d5ce31d3753b738b7e5abec132c4')
  expect(hashUnder(shasta)).toBe('0xc417ef878f13238b8c19696b2ef043149b423f8450cab1e0dd3ca845ee16688d')
})

test.skipIf(!existsSync(ETHEREUM))('an Ethereum genesis gives the parent hash of its first block', () => {
  const genesis = buildGenesis(JSON.parse(readFileSync(ETHEREUM, 'utf8')))
  // A block's RLP begins with two list headers of three bytes and the 32-byte prefix of its parent hash.
  const parentHash = readFileSync(CHAIN).subarray(7, 39).toString('hex')
  expect(genesis.hash).toBe(`0x${parentHash}`)
})
