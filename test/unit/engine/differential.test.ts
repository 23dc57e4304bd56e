/**
 * Random blocks on our engine and on stock EthereumJS: its own transactions, `runTx`, trie and cryptography. At a base fee of zero
 * the two have the same rules, since nothing is left to burn or to split; what differs is everything this room wrote itself.
 */
import { createBlock } from '@ethereumjs/block'
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM } from '@ethereumjs/evm'
import { MerkleStateManager } from '@ethereumjs/statemanager'
import { createTxFromRLP } from '@ethereumjs/tx'
import { createAccount, createAddressFromString } from '@ethereumjs/util'
import { createVM, runTx } from '@ethereumjs/vm'
import { expect, test } from 'vitest'
import type { ExecutedBlock } from '../../../src/engine/engine.ts'
import type { StateChanges } from '../../../src/engine/state/source.ts'
import { createEmptyState } from '../../../src/engine/state/witness.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'
import { logsBloom } from '../../../src/primitives/receipt.ts'
import {
  allocation,
  ancestorHash,
  attributesFor,
  CHAIN_ID,
  COINBASE,
  ETHER,
  executeOn,
  type TestAccount,
} from '../../support/engineChain.ts'
import { signTransaction, testAddress } from '../../support/proposeTransactions.ts'
import { createRandom, type Random } from '../../support/stateBlocks.ts'

const at = (byte: string): Address => `0x${byte.repeat(20)}`
const word = (value: bigint | number) => BigInt(value).toString(16).padStart(64, '0')

/** SSTORE of the second word at the first, then a log of both words. */
const WRITER: Hex = '0x6020355f355560405f5f3760405fa000'
/** Writes, then reverts. */
const REVERTER: Hex = '0x60015f555f5ffd'
/** Runs out of gas after a write. */
const BURNER: Hex = '0x60015f555b600556'
/** CREATE2, salt 0, of the calldata; the value goes along. */
const FACTORY: Hex = '0x365f5f375f365f34f500'
/** Calls the address in the first word with its value and the rest of the calldata, and stores whether it went well. */
const CALLER: Hex = '0x6020360360205f375f5f602036035f345f355af15f5500'
/** Adds the hashes of two ancestors and stores the sum. */
const HASHER: Hex = '0x6001430340600743034001600155'
/** Constructor of a contract that destroys itself for its first caller without calldata, and otherwise is a WRITER. */
const DESTRUCTIBLE = `3660065733ff5b${WRITER.slice(2)}`
const initcodeOf = (runtime: string): Hex => {
  const size = (runtime.length / 2).toString(16).padStart(2, '0')
  // Slot 9 is set by the constructor: clearing it is what a second life must do.
  return `0x6001600955${`60${size}80600e5f395ff3`}${runtime}` as Hex
}

const CONTRACTS: Readonly<Record<Address, Hex>> = {
  [at('d1')]: WRITER,
  [at('d2')]: REVERTER,
  [at('d3')]: BURNER,
  [at('d4')]: FACTORY,
  [at('d5')]: CALLER,
  [at('d6')]: HASHER,
}
const SENDERS = [1, 2, 3]

const genesis = (): StateChanges => {
  const accounts: Record<Address, TestAccount> = {}
  for (const index of SENDERS) accounts[testAddress(index)] = { balance: 1000n * ETHER }
  for (const [address, code] of Object.entries(CONTRACTS))
    accounts[address as Address] = { code, storage: { [`0x${word(1)}` as Hex]: `0x${word(7)}` } }
  return allocation(accounts)
}

async function randomTransaction(random: Random, nonces: Map<number, number>): Promise<Uint8Array> {
  const sender = SENDERS[random(SENDERS.length)]!
  const nonce = nonces.get(sender) ?? 0
  nonces.set(sender, nonce + 1)
  const initcode = initcodeOf(DESTRUCTIBLE)
  const write = `${word(random(4))}${word(random(3))}`
  const child = create2Address(at('d4'), initcode)
  const forward = (to: Address, data: string) => ({
    to: at('d5'),
    data: `0x${word(BigInt(to))}${data}` as Hex,
  })
  const kinds: (() => { to?: Address; data?: Hex })[] = [
    () => ({ to: at('d1'), data: `0x${write}` }),
    () => ({ to: [at('d2'), at('d3'), at('d6')][random(3)]! }),
    () => ({ to: at('d4'), data: initcode }),
    () => ({ to: child, data: `0x${write}` }),
    () => ({ to: child }),
    () => forward(child, random(2) === 0 ? '' : write),
    () => forward([at('d1'), at('d2'), at('d3')][random(3)]!, write),
    () => ({ data: initcode }),
    () => ({ to: at(`e${random(4)}`) }),
    // The identity precompile and the ecrecover one, the latter with nonsense.
    () => forward(`0x${'00'.repeat(19)}0${random(2) === 0 ? 1 : 4}`, write + write),
  ]
  const { to, data } = kinds[random(kinds.length)]!()
  const type = (['legacy', 'eip2930', 'eip1559'] as const)[random(3)]!
  const price = BigInt(random(3))
  return signTransaction(sender, {
    type,
    chainId: Number(CHAIN_ID),
    nonce,
    to,
    data,
    value: BigInt(random(3)),
    gas: BigInt([60_000, 120_000, 300_000][random(3)]!),
    ...(type === 'eip1559' ? { maxFeePerGas: 5n, maxPriorityFeePerGas: price } : { gasPrice: price }),
    ...(type !== 'legacy' && { accessList: [{ address: at('d1'), storageKeys: [`0x${word(1)}` as Hex] }] }),
  } as never)
}

function create2Address(factory: Address, initcode: Hex): Address {
  const salted = keccak256(
    concatBytes(
      Uint8Array.of(0xff),
      hexToBytes(factory),
      new Uint8Array(32),
      keccak256(hexToBytes(initcode)),
    ),
  )
  return bytesToHex(salted.slice(12))
}

async function createStock(state: StateChanges) {
  const common = createCustomCommon({ chainId: Number(CHAIN_ID) }, Mainnet, { hardfork: Hardfork.Shanghai })
  const stateManager = new MerkleStateManager({ common })
  for (const [key, account] of state.accounts) {
    const address = createAddressFromString(key)
    await stateManager.putAccount(
      address,
      createAccount({ nonce: account!.nonce, balance: account!.balance }),
    )
    const code = state.code.get(account!.codeHash)
    if (code !== undefined) await stateManager.putCode(address, code)
    for (const [slot, value] of state.storage.get(key)?.slots ?? [])
      await stateManager.putStorage(address, hexToBytes(slot), value)
  }
  const blockchain = {
    getBlock: async (number: number) => ({ hash: () => hexToBytes(ancestorHash(BigInt(number))) }),
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  }
  const evm = await createEVM({ common, stateManager, blockchain })
  const vm = await createVM({ common, stateManager, evm, blockchain: blockchain as never })
  return async (attributes: ReturnType<typeof attributesFor>) => {
    const { number, timestamp, gasLimit, mixHash } = attributes
    const header = { number, timestamp, gasLimit, coinbase: COINBASE, mixHash, baseFeePerGas: 0n }
    const block = createBlock({ header }, { common })
    const receipts: { gasUsed: bigint; status: number; bloom: Hex }[] = []
    let blockGasUsed = 0n
    for (const raw of [
      attributes.anchorTransaction,
      ...attributes.transactions.map((listed) => listed.raw),
    ]) {
      const result = await runTx(vm, { tx: createTxFromRLP(raw, { common }), block, blockGasUsed })
      blockGasUsed += result.totalGasSpent
      const { receipt } = result
      receipts.push({
        gasUsed: receipt.cumulativeBlockGasUsed,
        status: 'status' in receipt ? receipt.status : -1,
        bloom: bytesToHex(receipt.bitvector),
      })
    }
    return { receipts, stateRoot: bytesToHex(await stateManager.getStateRoot()) }
  }
}

const outcomeOf = ({ transactions, header }: ExecutedBlock) => ({
  receipts: transactions.map(({ receipt }) => ({
    gasUsed: receipt.cumulativeGasUsed,
    status: receipt.succeeded ? 1 : 0,
    bloom: bytesToHex(logsBloom(receipt.logs)),
  })),
  stateRoot: header.stateRoot,
})

test('random blocks end in the same receipts and the same state root', { timeout: 300_000 }, async () => {
  const seen = { succeeded: 0, failed: 0, destroyed: 0, created: 0 }
  for (let seed = 1; seed <= 8; seed++) {
    const random = createRandom(seed)
    const nonces = new Map<number, number>()
    let state = createEmptyState().after(genesis())
    const stock = await createStock(genesis())
    for (let block = 0; block < 3; block++) {
      const transactions: Uint8Array[] = []
      for (let i = 0; i < 20; i++) transactions.push(await randomTransaction(random, nonces))
      const number = 300n + BigInt(block)
      const parentHash = ancestorHash(number - 1n)
      const overrides = { anchorNonce: BigInt(block), number, parentHash, baseFeePerGas: 0n }
      const ours = await executeOn(state, transactions, overrides)
      expect(ours.dropped, `seed ${seed} block ${block}`).toEqual([])
      expect(outcomeOf(ours), `seed ${seed} block ${block}`).toEqual(
        await stock(attributesFor(transactions, overrides)),
      )
      state = state.after(ours.changes)
      for (const { receipt, createdContract } of ours.transactions) {
        seen[receipt.succeeded ? 'succeeded' : 'failed']++
        if (createdContract !== null) seen.created++
      }
      seen.destroyed += [...ours.changes.accounts.values(), ...ours.changes.storage.values()].filter(
        (change) => change === null || ('cleared' in change && change.cleared),
      ).length
    }
  }
  // The blocks do what they are for.
  expect(seen.succeeded).toBeGreaterThan(150)
  expect(seen.failed).toBeGreaterThan(30)
  expect(seen.created).toBeGreaterThan(10)
  expect(seen.destroyed).toBeGreaterThan(3)
})
