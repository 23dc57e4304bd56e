import { Account, createAddressFromString } from '@ethereumjs/util'
import { expect, test } from 'vitest'
import { OverlayState } from '../../../src/engine/state/overlay.ts'
import { MissingStateError, type StateSource } from '../../../src/engine/state/source.ts'
import { createEngine } from '../../../src/engine/vm.ts'
import type { Address, Hex } from '../../../src/primitives/hex.ts'
import { hexToBytes } from '../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256Hex } from '../../../src/primitives/keccak.ts'
import { attributesFor, CHAIN_ID, ETHER, executeOn, SPEC, stateWith } from '../../support/engineChain.ts'
import { signTransaction, testAddress } from '../../support/proposeTransactions.ts'
import { createRandom } from '../../support/stateBlocks.ts'

const A: Address = `0x${'aa'.repeat(20)}`
const B: Address = `0x${'bb'.repeat(20)}`
const a = createAddressFromString(A)
const b = createAddressFromString(B)
const slot = (index: number): Hex => `0x${index.toString(16).padStart(64, '0')}`
const key = (index: number) => hexToBytes(slot(index))
const NOTHING = new Uint8Array(0)

const base = () => stateWith({ [A]: { balance: 9n, code: '0x6000', storage: { [slot(1)]: '0x11' } } })

/** Answers later, as a database does on a cache miss; counts what it is asked. */
function slowly(source: StateSource): StateSource & { asked: string[] } {
  const asked: string[] = []
  const later = async <T>(what: string, value: () => T | Promise<T>) => {
    asked.push(what)
    await new Promise((resolve) => setImmediate(resolve))
    return value()
  }
  return {
    asked,
    stateRoot: source.stateRoot,
    account: (address) => later(`account ${address}`, () => source.account(address)),
    storage: (address, at) => later(`storage ${address} ${at}`, () => source.storage(address, at)),
    code: (hash) => later(`code ${hash}`, () => source.code(hash)),
    rootAfter: (changes) => source.rootAfter(changes),
  }
}

test('asks a source once for each piece, whether it answers at once or later', async () => {
  const source = slowly(base())
  const state = new OverlayState(source)
  for (let i = 0; i < 3; i++) {
    expect((await state.getAccount(a))?.balance).toBe(9n)
    expect(await state.getAccount(b)).toBeUndefined()
    expect(await state.getStorage(a, key(1))).toEqual(Uint8Array.of(0x11))
    expect(await state.getCode(a)).toEqual(hexToBytes('0x6000'))
    expect(await state.getCodeSize(b)).toBe(0)
  }
  expect(source.asked).toHaveLength(4)
  expect(state.takeChanges()).toEqual({ accounts: new Map(), storage: new Map(), code: new Map() })
})

test('an account handed out is a copy: changing it changes nothing until it is put', async () => {
  const state = new OverlayState(base())
  const account = (await state.getAccount(a))!
  account.balance = 0n
  expect((await state.getAccount(a))?.balance).toBe(9n)
  await state.putAccount(a, account)
  account.balance = 1n
  expect((await state.getAccount(a))?.balance).toBe(0n)
})

test('undo gives back every kind of change, to any depth', async () => {
  const state = new OverlayState(base())
  await state.checkpoint()
  await state.putStorage(a, key(1), Uint8Array.of(2))
  await state.checkpoint()
  await state.putStorage(a, key(1), NOTHING)
  await state.putStorage(b, key(7), Uint8Array.of(7))
  await state.clearStorage(a)
  await state.putStorage(a, key(3), Uint8Array.of(3))
  await state.deleteAccount(a)
  await state.putAccount(b, new Account(1n, 1n))
  await state.putCode(b, Uint8Array.of(1))
  await state.checkpoint()
  await state.putAccount(b, new Account(2n, 2n))
  await state.commit()
  await state.revert()
  expect(await state.getStorage(a, key(1))).toEqual(Uint8Array.of(2))
  expect(await state.getStorage(a, key(3))).toEqual(NOTHING)
  expect(await state.getStorage(b, key(7))).toEqual(NOTHING)
  expect((await state.getAccount(a))?.balance).toBe(9n)
  expect(await state.getAccount(b)).toBeUndefined()
  await state.revert()
  expect(state.takeChanges()).toEqual({ accounts: new Map(), storage: new Map(), code: new Map() })
})

test('any sequence of writes, checkpoints, commits and reverts equals a plain copy of the state', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = createRandom(seed)
    const state = new OverlayState(base())
    type Model = { balance: bigint | null; slots: Map<number, number> }
    let model: Model = { balance: 9n, slots: new Map([[1, 0x11]]) }
    const saved: Model[] = []
    const copy = (m: Model): Model => ({ balance: m.balance, slots: new Map(m.slots) })
    for (let step = 0; step < 120; step++) {
      const action = random(10)
      if (action < 2) {
        await state.checkpoint()
        saved.push(copy(model))
      } else if (action === 2 && saved.length > 0) {
        await state.commit()
        saved.pop()
      } else if (action === 3 && saved.length > 0) {
        await state.revert()
        model = saved.pop()!
      } else if (action === 4) {
        await state.deleteAccount(a)
        if (model.balance !== null) model = { balance: null, slots: new Map() }
      } else if (action === 5) {
        await state.clearStorage(a)
        model.slots.clear()
      } else if (action === 6) {
        const balance = BigInt(1 + random(100))
        await state.putAccount(a, new Account(0n, balance))
        model.balance = balance
      } else {
        const index = random(4)
        const value = random(3)
        await state.putStorage(a, key(index), value === 0 ? NOTHING : Uint8Array.of(value))
        model.slots.set(index, value)
      }
      expect((await state.getAccount(a))?.balance ?? null).toBe(model.balance)
      for (let index = 0; index < 4; index++) {
        const value = model.slots.get(index) ?? 0
        expect(await state.getStorage(a, key(index))).toEqual(value === 0 ? NOTHING : Uint8Array.of(value))
      }
    }
  }
})

test('the original value is the one before the transaction, whatever happens inside it', async () => {
  const state = new OverlayState(base())
  const original = () => state.originalStorageCache.get(a, key(1))
  expect(await original()).toEqual(Uint8Array.of(0x11))
  await state.checkpoint()
  await state.putStorage(a, key(1), Uint8Array.of(2))
  expect(await original()).toEqual(Uint8Array.of(0x11))
  await state.revert()
  await state.putStorage(a, key(1), Uint8Array.of(3))
  expect(await original()).toEqual(Uint8Array.of(0x11))
  state.originalStorageCache.clear()
  expect(await original()).toEqual(Uint8Array.of(3))
})

test('deleting an account that never was changes nothing', async () => {
  const state = new OverlayState(base())
  await state.deleteAccount(b)
  expect(state.takeChanges()).toEqual({ accounts: new Map(), storage: new Map(), code: new Map() })
})

test('what ended as it began is no change; what differs is, with its account', async () => {
  const state = new OverlayState(base())
  const account = (await state.getAccount(a))!
  await state.putAccount(a, account)
  await state.getStorage(a, key(1))
  await state.putStorage(a, key(1), Uint8Array.of(0, 0x11))
  expect(state.takeChanges().accounts.size + state.takeChanges().storage.size).toBe(0)
  await state.putStorage(a, key(1), NOTHING)
  const { accounts, storage } = state.takeChanges()
  expect([...accounts.keys()]).toEqual([A])
  expect(storage.get(A)).toEqual({ cleared: false, slots: new Map([[slot(1), NOTHING]]) })
})

test('an account destroyed and made again loses its old slots; one that never had any clears nothing', async () => {
  const state = new OverlayState(base())
  await state.deleteAccount(a)
  await state.putAccount(a, new Account(1n, 1n))
  await state.putStorage(a, key(2), Uint8Array.of(2))
  // The EVM looks before it creates.
  await state.getAccount(b)
  await state.putAccount(b, new Account(1n, 1n))
  await state.clearStorage(b)
  await state.putCode(b, Uint8Array.of(0xfe))
  await state.putCode(b, Uint8Array.of(0xff))
  const { accounts, storage, code } = state.takeChanges()
  expect(storage).toEqual(new Map([[A, { cleared: true, slots: new Map([[slot(2), Uint8Array.of(2)]]) }]]))
  expect(accounts.get(A)).toEqual({
    nonce: 1n,
    balance: 1n,
    codeHash: EMPTY_CODE_HASH,
    // Of the account before: the source computes the new one.
    storageRoot: (await base().account(A))?.storageRoot,
  })
  expect(accounts.get(B)?.storageRoot).toBe(EMPTY_TRIE_ROOT)
  // Only the code that an account ended with.
  expect([...code.keys()]).toEqual([keccak256Hex(Uint8Array.of(0xff))])
})

test('a deleted account is one entry, and its storage none', async () => {
  const state = new OverlayState(base())
  await state.putStorage(a, key(1), Uint8Array.of(5))
  await state.deleteAccount(a)
  expect(state.takeChanges()).toEqual({ accounts: new Map([[A, null]]), storage: new Map(), code: new Map() })
})

const CALLER = testAddress(1)
const CONTRACT: Address = `0x${'cc'.repeat(20)}`
/** What a contract may ask of a state that cannot answer. */
const QUESTIONS: Readonly<Record<string, Hex>> = {
  'a slot': '0x5f5400',
  'a slot before a write': '0x60015f5500',
  'a balance': `0x73${'dd'.repeat(20)}3100`,
  'the code of another': `0x73${'dd'.repeat(20)}3b00`,
  'a call to another, whose failure the caller ignores': `0x5f5f5f5f5f73${'dd'.repeat(20)}5af15000`,
  'a block hash': '0x60fa4000',
}

test.each(Object.entries(QUESTIONS))(
  '%s that is missing stops the block, never drops or fails the transaction',
  async (_, code) => {
    const state = stateWith({ [CALLER]: { balance: ETHER }, [CONTRACT]: { code } })
    const missing = (what: string) => {
      throw new MissingStateError({ what })
    }
    const broken: StateSource = {
      ...state,
      account: (address) =>
        address === `0x${'dd'.repeat(20)}` ? missing('an account') : state.account(address),
      storage: () => missing('a slot'),
    }
    const raw = await signTransaction(1, {
      chainId: Number(CHAIN_ID),
      to: CONTRACT,
      gas: 200_000n,
      value: 0n,
    })
    const run = createEngine({ spec: SPEC }).execute({
      attributes: attributesFor([raw]),
      state: broken,
      ancestorHash: () => missing('a block hash'),
    })
    await expect(run).rejects.toThrow(MissingStateError)
    // The same code on a state that answers is an ordinary transaction.
    const block = await executeOn(state, [raw])
    expect(block.transactions[1]?.receipt.succeeded).toBe(true)
  },
)

test('an error of the state is thrown even where the EVM has taken it for something else', async () => {
  const state = new OverlayState({
    ...base(),
    account: () => {
      throw new MissingStateError({ what: 'an account' })
    },
  })
  await expect(state.getAccount(a)).rejects.toThrow(MissingStateError)
  expect(() => state.assertComplete()).toThrow('an account is missing')
})
