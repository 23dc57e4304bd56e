/** viem's public, wallet and test actions, each with what its result has to mean. In order: later ones read what earlier ones did. */
import {
  type BaseError,
  type Block,
  ContractFunctionRevertedError,
  createPublicClient,
  createTestClient,
  createWalletClient,
  decodeFunctionResult,
  encodeDeployData,
  encodeFunctionData,
  getContractAddress,
  type Hash,
  type Hex,
  hashMessage,
  http,
  keccak256,
  type Log,
  pad,
  parseEther,
  parseGwei,
  parseTransaction,
  type TransactionReceipt,
  toHex,
  webSocket,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { expect, vi } from 'vitest'
import { provenAccount, provenSlot } from '../merkleProof.ts'
import { LEDGER_ABI } from './ledger.ts'
import { type Action, type ClientsWorld, describeChain, FUNDS, freshAddress } from './world.ts'

const abi = LEDGER_ABI
const ABSENT: Hash = `0x${'12'.repeat(32)}`

export function viemActions(getWorld: () => ClientsWorld) {
  const actions: Action[] = []
  const add = (name: string, claim: string, run: () => Promise<void>) => actions.push({ name, claim, run })

  type Clients = ReturnType<typeof connect>
  let clients: Clients | undefined
  const connect = () => {
    const world = getWorld()
    const chain = describeChain(world.chainId, world.url)
    const account = privateKeyToAccount(world.account.key)
    const common = { chain, pollingInterval: 100, cacheTime: 0 }
    return {
      world,
      account,
      client: createPublicClient({ ...common, transport: http(world.url) }),
      batching: createPublicClient({ ...common, transport: http(world.url, { batch: true }) }),
      live: createPublicClient({ ...common, transport: webSocket(world.wsUrl) }),
      wallet: createWalletClient({ ...common, account, transport: http(world.url) }),
    }
  }
  const use = (): Clients => {
    clients ??= connect()
    return clients
  }
  const mined = (hash: Hash): Promise<TransactionReceipt> => use().client.waitForTransactionReceipt({ hash })
  const eventually = (check: () => void | Promise<void>) =>
    vi.waitFor(async () => check(), { timeout: 60_000, interval: 50 })

  /** Filled by the actions that come first. */
  const known = {} as {
    address: Hex
    creation: TransactionReceipt
    transfer: TransactionReceipt
    notes: TransactionReceipt[]
  }
  const ledger = () => ({ address: known.address, abi })

  add('getChainId', 'the id that the chain was made with', async () => {
    const { client, world } = use()
    expect(await client.getChainId()).toBe(world.chainId)
  })
  add('getBlockNumber', 'grows while blocks are built', async () => {
    const { client } = use()
    const before = await client.getBlockNumber()
    await eventually(async () => expect(await client.getBlockNumber()).toBeGreaterThan(before))
  })
  add('getBalance', 'what was paid in, by tag `latest` and by number', async () => {
    const { client, account } = use()
    expect(await client.getBalance({ address: account.address })).toBe(FUNDS)
    expect(await client.getBalance({ address: account.address, blockNumber: 0n })).toBe(0n)
  })
  add('deployContract', 'the receipt names the address that the nonce gives', async () => {
    const { wallet, account, world } = use()
    const hash = await wallet.deployContract({ abi, bytecode: world.ledger.bytecode, args: [7n] })
    known.creation = await mined(hash)
    known.address = known.creation.contractAddress!
    expect(known.creation.status).toBe('success')
    expect(known.address.toLowerCase()).toBe(
      getContractAddress({ from: account.address, nonce: 0n }).toLowerCase(),
    )
  })
  add('getCode', 'the compiler’s runtime code; none for a stranger', async () => {
    const { client, world } = use()
    expect(await client.getCode({ address: known.address })).toBe(world.ledger.runtime)
    expect(await client.getCode({ address: freshAddress() })).toBeUndefined()
  })
  add('getStorageAt', 'the constructor’s argument in slot 0', async () => {
    const { client } = use()
    expect(await client.getStorageAt({ address: known.address, slot: '0x0' })).toBe(pad('0x7'))
  })
  add('readContract', 'a variable, a mapping, and the same at an older block', async () => {
    const { client, account } = use()
    expect(await client.readContract({ ...ledger(), functionName: 'total' })).toBe(7n)
    expect(await client.readContract({ ...ledger(), functionName: 'sumOf', args: [account.address] })).toBe(
      0n,
    )
    const before = known.creation.blockNumber - 1n
    await expect(
      client.readContract({ ...ledger(), functionName: 'total', blockNumber: before }),
    ).rejects.toThrow('returned no data')
  })
  add('estimateFeesPerGas', 'covers the next block’s base fee', async () => {
    const { client } = use()
    const { maxFeePerGas, maxPriorityFeePerGas } = await client.estimateFeesPerGas()
    const { baseFeePerGas } = await client.getBlock()
    expect(maxFeePerGas).toBeGreaterThanOrEqual(baseFeePerGas! + maxPriorityFeePerGas)
  })
  add('getGasPrice, estimateMaxPriorityFeePerGas', 'the price is base fee and tip', async () => {
    const { client } = use()
    const [price, tip] = [await client.getGasPrice(), await client.estimateMaxPriorityFeePerGas()]
    expect(tip).toBeGreaterThan(0n)
    expect(price).toBeGreaterThan(tip)
  })
  add('getFeeHistory', 'base fees are those of the blocks, and one more', async () => {
    const { client } = use()
    const blockNumber = await client.getBlockNumber()
    const history = await client.getFeeHistory({ blockCount: 3, rewardPercentiles: [10, 90], blockNumber })
    const blocks = await Promise.all(
      [2n, 1n, 0n].map((back) => client.getBlock({ blockNumber: blockNumber - back })),
    )
    expect(history.oldestBlock).toBe(blockNumber - 2n)
    expect(history.baseFeePerGas.slice(0, 3)).toEqual(blocks.map((block) => block.baseFeePerGas))
    expect(history.baseFeePerGas.length).toBe(4)
    expect(history.reward!.map((row) => row.length)).toEqual([2, 2, 2])
  })
  add(
    'prepareTransactionRequest',
    'fills nonce, fees, gas and type, and what it made is accepted',
    async () => {
      const { wallet, account, client } = use()
      const request = await wallet.prepareTransactionRequest({ to: freshAddress(), value: 1n })
      expect(request).toMatchObject({ type: 'eip1559', gas: 21_000n, nonce: 1 })
      const serialized = await account.signTransaction(request as never)
      const hash = await client.sendRawTransaction({ serializedTransaction: serialized })
      expect(hash).toBe(keccak256(serialized))
      expect((await mined(hash)).gasUsed).toBe(21_000n)
    },
  )
  add('sendTransaction (EIP-1559), waitForTransactionReceipt', 'value arrives, fees are as bid', async () => {
    const { wallet, client } = use()
    const to = freshAddress()
    const hash = await wallet.sendTransaction({
      ...{ to, value: parseEther('0.01') },
      ...{ maxFeePerGas: parseGwei('10'), maxPriorityFeePerGas: parseGwei('1') },
    })
    known.transfer = await mined(hash)
    const { baseFeePerGas } = await client.getBlock({ blockHash: known.transfer.blockHash })
    expect(await client.getBalance({ address: to })).toBe(parseEther('0.01'))
    expect(known.transfer).toMatchObject({ status: 'success', type: 'eip1559', gasUsed: 21_000n })
    expect(known.transfer.effectiveGasPrice).toBe(baseFeePerGas! + parseGwei('1'))
  })
  add('sendTransaction (legacy)', 'pays the price it names', async () => {
    const { wallet, client } = use()
    const gasPrice = await client.getGasPrice()
    const receipt = await mined(await wallet.sendTransaction({ to: freshAddress(), value: 1n, gasPrice }))
    expect(receipt).toMatchObject({ status: 'success', type: 'legacy', effectiveGasPrice: gasPrice })
  })
  add('sendTransaction (EIP-2930)', 'keeps the access list, and pays for it', async () => {
    const { wallet, client } = use()
    const accessList = [{ address: known.address, storageKeys: [pad('0x0')] }]
    const hash = await wallet.sendTransaction({
      ...{ type: 'eip2930', to: freshAddress(), value: 1n, accessList, gasPrice: parseGwei('5') },
    })
    const receipt = await mined(hash)
    expect(receipt).toMatchObject({ type: 'eip2930', gasUsed: 21_000n + 2400n + 1900n })
    const { accessList: kept } = await client.getTransaction({ hash })
    expect(kept).toEqual([{ address: known.address.toLowerCase(), storageKeys: [pad('0x0')] }])
  })
  add('writeContract', 'changes storage, and leaves its event', async () => {
    const { wallet, client } = use()
    known.notes = []
    for (const value of [10n, 20n, 30n]) {
      const hash = await wallet.writeContract({ ...ledger(), functionName: 'note', args: [value] })
      known.notes.push(await mined(hash))
    }
    expect(known.notes.map(({ logs }) => logs.length)).toEqual([1, 1, 1])
    expect(await client.readContract({ ...ledger(), functionName: 'total' })).toBe(67n)
    const older = known.notes[0]!.blockNumber
    const then = await client.readContract({ ...ledger(), functionName: 'total', blockNumber: older })
    expect(then).toBeGreaterThanOrEqual(17n)
    expect(then).toBeLessThanOrEqual(67n)
  })
  add('getTransaction, getTransactionReceipt', 'agree with each other and with what was signed', async () => {
    const { client, account } = use()
    const hash = known.transfer.transactionHash
    const transaction = await client.getTransaction({ hash })
    expect(transaction.from).toBe(account.address.toLowerCase())
    expect(transaction).toMatchObject({ value: parseEther('0.01'), maxPriorityFeePerGas: parseGwei('1') })
    expect(await client.getTransactionReceipt({ hash })).toEqual(known.transfer)
    const { blockHash, transactionIndex } = known.transfer
    expect(await client.getTransaction({ blockHash, index: transactionIndex })).toEqual(transaction)
    const { blockNumber } = known.transfer
    expect(await client.getTransaction({ blockNumber, index: transactionIndex })).toEqual(transaction)
    await expect(client.getTransaction({ hash: ABSENT })).rejects.toThrow('could not be found')
    await expect(client.getTransactionReceipt({ hash: ABSENT })).rejects.toThrow('could not be found')
  })
  add('getTransactionConfirmations', 'counts the blocks since', async () => {
    const { client } = use()
    const count = await client.getTransactionConfirmations({ transactionReceipt: known.creation })
    expect(count).toBeGreaterThan(1n)
  })
  add('getTransactionCount', 'the nonce, and with `pending` what waits', async () => {
    const { client, account, wallet } = use()
    const nonce = await client.getTransactionCount({ address: account.address })
    expect(nonce).toBe(8)
    const hash = await wallet.sendTransaction({ to: freshAddress(), value: 1n })
    expect(await client.getTransactionCount({ address: account.address, blockTag: 'pending' })).toBe(
      nonce + 1,
    )
    await mined(hash)
    expect(await client.getTransactionCount({ address: account.address })).toBe(nonce + 1)
  })
  add('getBlock', 'by number, hash and every tag; whole transactions; heads in order', async () => {
    const { client } = use()
    const { blockNumber, blockHash, transactionHash } = known.transfer
    const block = await client.getBlock({ blockNumber, includeTransactions: true })
    expect(block.transactions.map(({ hash }) => hash)).toContain(transactionHash)
    expect(await client.getBlock({ blockHash, includeTransactions: true })).toEqual(block)
    const tags = ['earliest', 'finalized', 'safe', 'latest'] as const
    const heads = await Promise.all(tags.map((blockTag) => client.getBlock({ blockTag })))
    const numbers = heads.map(({ number }) => number)
    expect(numbers).toEqual([...numbers].sort((a, b) => Number(a - b)))
    expect(numbers[0]).toBe(0n)
    const pending = await client.getBlock({ blockTag: 'pending' })
    expect(pending.number ?? 0n).toBeGreaterThanOrEqual(numbers[3]!)
  })
  add('getBlockTransactionCount', 'as many as the block lists', async () => {
    const { client } = use()
    const { blockHash, blockNumber } = known.transfer
    const { transactions } = await client.getBlock({ blockHash })
    expect(await client.getBlockTransactionCount({ blockHash })).toBe(transactions.length)
    expect(await client.getBlockTransactionCount({ blockNumber })).toBe(transactions.length)
  })
  add('call', 'encoded by hand; with state overrides; with code that is nowhere', async () => {
    const { client, world } = use()
    const data = encodeFunctionData({ abi, functionName: 'total' })
    const answer = await client.call({ to: known.address, data })
    expect(decodeFunctionResult({ abi, functionName: 'total', data: answer.data! })).toBe(67n)
    const stateDiff = [{ slot: pad('0x0'), value: pad('0x2a') }] as const
    const changed = await client.call({
      ...{ to: known.address, data },
      stateOverride: [{ address: known.address, stateDiff: [...stateDiff] }],
    })
    expect(BigInt(changed.data!)).toBe(42n)
    const code = encodeDeployData({ abi, bytecode: world.ledger.bytecode, args: [13n] })
    const fromCode = await client.call({ code, data })
    expect(BigInt(fromCode.data!)).toBe(13n)
  })
  add('simulateContract', 'the result of a write, which does not happen', async () => {
    const { client, account } = use()
    const { result, request } = await client.simulateContract({
      ...{ ...ledger(), functionName: 'note', args: [5n], account },
    })
    expect(result).toBe(72n)
    expect(request.functionName).toBe('note')
    expect(await client.readContract({ ...ledger(), functionName: 'total' })).toBe(67n)
  })
  add('revert reasons', 'a text, an error of the contract with its arguments, and a panic', async () => {
    const { client, account } = use()
    const failOf = async (attempt: Promise<unknown>) => {
      const error = await attempt.then(
        () => undefined,
        (thrown) => thrown as BaseError,
      )
      return error?.walk((each) => each instanceof ContractFunctionRevertedError) as
        | ContractFunctionRevertedError
        | undefined
    }
    const text = await failOf(client.simulateContract({ ...ledger(), functionName: 'fail', account }))
    expect(text?.reason).toBe('never')
    const custom = await failOf(
      client.simulateContract({ ...ledger(), functionName: 'note', args: [1001n], account }),
    )
    expect([custom?.data?.errorName, custom?.data?.args]).toEqual(['TooMuch', [1001n, 1000n]])
    const panic = await failOf(client.readContract({ ...ledger(), functionName: 'divide', args: [0n] }))
    expect(panic?.reason).toMatch(/by zero/)
  })
  add('estimateGas, estimateContractGas', 'enough to succeed, and not much more', async () => {
    const { client, wallet, account } = use()
    expect(await client.estimateGas({ account, to: freshAddress(), value: 1n })).toBe(21_000n)
    const gas = await client.estimateContractGas({ ...ledger(), functionName: 'note', args: [1n], account })
    const receipt = await mined(
      await wallet.writeContract({ ...ledger(), functionName: 'note', args: [1n], gas }),
    )
    expect(receipt.status).toBe('success')
    expect(Number(gas) / Number(receipt.gasUsed)).toBeLessThan(1.3)
    await expect(client.estimateContractGas({ ...ledger(), functionName: 'fail', account })).rejects.toThrow(
      'never',
    )
  })
  add('a transaction that fails', 'is in a block with status `reverted`, and its gas is paid', async () => {
    const { wallet, client, account } = use()
    const before = await client.getBalance({ address: account.address })
    const data = encodeFunctionData({ abi, functionName: 'fail' })
    const receipt = await mined(await wallet.sendTransaction({ to: known.address, data, gas: 60_000n }))
    expect(receipt).toMatchObject({ status: 'reverted', logs: [] })
    const paid = receipt.gasUsed * receipt.effectiveGasPrice
    expect(await client.getBalance({ address: account.address })).toBe(before - paid)
  })
  add('refused transactions', 'a nonce that is used, money that is not there: each says so', async () => {
    const { wallet } = use()
    const to = freshAddress()
    await expect(wallet.sendTransaction({ to, nonce: 0, gas: 21_000n })).rejects.toThrow(
      /nonce provided for the transaction is lower|nonce too low/i,
    )
    await expect(wallet.sendTransaction({ to, value: FUNDS * 2n, gas: 21_000n })).rejects.toThrow(
      /insufficient funds|exceeds the balance/i,
    )
  })
  add('getLogs, getContractEvents', 'by range, by block, by indexed argument; decoded', async () => {
    const { client } = use()
    const fromBlock = known.creation.blockNumber
    const events = await client.getContractEvents({ ...ledger(), eventName: 'Noted', fromBlock })
    expect(events.map(({ args }) => args.value)).toEqual([10n, 20n, 30n, 1n])
    const ofKind = await client.getContractEvents({
      ...{ ...ledger(), eventName: 'Noted', args: { kind: 1n }, fromBlock },
    })
    expect(ofKind.map(({ args }) => args.value)).toEqual([10n, 1n])
    const { blockHash } = known.notes[0]!
    const inBlock = await client.getLogs({ blockHash, address: known.address })
    expect(inBlock.map(({ transactionHash }) => transactionHash)).toContain(known.notes[0]!.transactionHash)
    expect(events[0]).toMatchObject({
      removed: false,
      blockHash,
      logIndex: known.notes[0]!.logs[0]!.logIndex,
    })
  })
  add(
    'createEventFilter, createContractEventFilter, getFilterLogs, getFilterChanges, uninstallFilter',
    'all logs at once, then only what is new',
    async () => {
      const { client, wallet } = use()
      const fromBlock = known.creation.blockNumber
      const plain = await client.createEventFilter({ address: known.address, fromBlock })
      const filter = await client.createContractEventFilter({ ...ledger(), eventName: 'Noted', fromBlock })
      expect((await client.getFilterLogs({ filter: plain })).length).toBe(4)
      expect((await client.getFilterLogs({ filter })).map(({ args }) => args.value)).toEqual([
        10n,
        20n,
        30n,
        1n,
      ])
      await mined(await wallet.writeContract({ ...ledger(), functionName: 'note', args: [2n] }))
      const fresh: bigint[] = []
      await eventually(async () => {
        fresh.push(...(await client.getFilterChanges({ filter })).map(({ args }) => args.value!))
        expect(fresh).toEqual([2n])
      })
      expect(await client.getFilterChanges({ filter })).toEqual([])
      expect(await client.uninstallFilter({ filter })).toBe(true)
      expect(await client.uninstallFilter({ filter })).toBe(false)
      await client.uninstallFilter({ filter: plain })
    },
  )
  add('createBlockFilter', 'hashes of the blocks since, each the child of the one before', async () => {
    const { client } = use()
    const filter = await client.createBlockFilter()
    const hashes: Hash[] = []
    await eventually(async () => {
      hashes.push(...(await client.getFilterChanges({ filter })))
      expect(hashes.length).toBeGreaterThan(1)
    })
    const blocks = await Promise.all(hashes.map((blockHash) => client.getBlock({ blockHash })))
    for (const [i, block] of blocks.slice(1).entries()) expect(block.parentHash).toBe(blocks[i]!.hash)
    await client.uninstallFilter({ filter })
  })
  add('createPendingTransactionFilter', 'the hash of what was sent', async () => {
    const { client, wallet } = use()
    const filter = await client.createPendingTransactionFilter()
    const hash = await wallet.sendTransaction({ to: freshAddress(), value: 1n })
    await eventually(async () => expect(await client.getFilterChanges({ filter })).toContain(hash))
    await mined(hash)
    await client.uninstallFilter({ filter })
  })
  add('getProof', 'proves account and slot against the block’s state root', async () => {
    const { client } = use()
    const block = await client.getBlock()
    const slot = pad('0x0')
    const proof = await client.getProof({
      ...{ address: known.address, storageKeys: [slot], blockNumber: block.number },
    })
    const account = await provenAccount(block.stateRoot, known.address, proof.accountProof)
    expect(account?.balance).toBe(proof.balance)
    const [storage] = proof.storageProof
    expect(await provenSlot(proof.storageHash, slot, storage!.proof)).toBe(storage!.value)
    expect(storage!.value).toBe(70n)
  })
  add('createAccessList', 'the slot that a write touches, and gas for it', async () => {
    const { client, account } = use()
    const data = encodeFunctionData({ abi, functionName: 'note', args: [1n] })
    const { accessList, gasUsed } = await client.createAccessList({ account, to: known.address, data })
    const [entry] = accessList
    expect(entry!.address.toLowerCase()).toBe(known.address.toLowerCase())
    expect(entry!.storageKeys).toContain(pad('0x0'))
    expect(gasUsed).toBeGreaterThan(21_000n)
  })
  add('simulateCalls', 'what calls would do one after the other, with their logs', async () => {
    const { client, account } = use()
    const note = (value: bigint) => ({
      to: known.address,
      data: encodeFunctionData({ abi, functionName: 'note', args: [value] }),
    })
    const total = { to: known.address, data: encodeFunctionData({ abi, functionName: 'total' }) }
    const { results } = await client.simulateCalls({
      account,
      calls: [note(100n), note(200n), note(1001n), total],
    })
    expect(results.map(({ status }) => status)).toEqual(['success', 'success', 'failure', 'success'])
    expect(results[1]!.logs!.length).toBe(1)
    expect(BigInt(results[3]!.data)).toBe(370n)
    expect(await client.readContract({ ...ledger(), functionName: 'total' })).toBe(70n)
  })
  add('simulateBlocks', 'blocks that build on each other, with a balance that is not there', async () => {
    const { client, account } = use()
    const [from, to] = [freshAddress(), freshAddress()]
    const transfer = { account: from, to, value: parseEther('1') }
    const blocks = await client.simulateBlocks({
      blocks: [
        { calls: [transfer], stateOverrides: [{ address: from, balance: parseEther('3') }] },
        { calls: [transfer, { account: account.address, to: known.address, data: '0x' }] },
      ],
    })
    expect(blocks.map(({ calls }) => calls.map(({ status }) => status))).toEqual([
      ['success'],
      ['success', 'success'],
    ])
    expect(blocks[1]!.number).toBe(blocks[0]!.number! + 1n)
  })
  add('sendTransactionSync, sendRawTransactionSync', 'the receipt is the answer', async () => {
    const { wallet, client } = use()
    const receipt = await wallet.sendTransactionSync({ to: freshAddress(), value: 1n })
    expect(receipt.status).toBe('success')
    expect(await client.getTransactionReceipt({ hash: receipt.transactionHash })).toEqual(receipt)
    const request = await wallet.prepareTransactionRequest({ to: freshAddress(), value: 1n })
    const serializedTransaction = await wallet.signTransaction(request as never)
    const raw = await client.sendRawTransactionSync({ serializedTransaction })
    expect(raw.transactionHash).toBe(keccak256(serializedTransaction))
  })
  add(
    'getTxpoolStatus, getTxpoolContent, inspectTxpool',
    'a transaction behind a gap is queued',
    async () => {
      const { wallet, client, account } = use()
      const pool = createTestClient({
        mode: 'geth' as never,
        chain: client.chain,
        transport: http(use().world.url),
      })
      const nonce = await client.getTransactionCount({ address: account.address, blockTag: 'pending' })
      const gas = 21_000n
      const behind = await wallet.sendTransaction({ to: freshAddress(), value: 1n, nonce: nonce + 1, gas })
      expect((await pool.getTxpoolStatus()).queued).toBeGreaterThan(0)
      const content = await pool.getTxpoolContent()
      const key = Object.keys(content.queued).find(
        (each) => each.toLowerCase() === account.address.toLowerCase(),
      )
      expect(content.queued[key as Hex]![String(nonce + 1)]!.hash).toBe(behind)
      expect(Object.keys((await pool.inspectTxpool()).queued)).toContain(key)
      await mined(await wallet.sendTransaction({ to: freshAddress(), value: 1n, nonce }))
      await mined(behind)
    },
  )
  add(
    'debug_traceTransaction, debug_traceCall',
    'the call with its selector, and the revert of another',
    async () => {
      const { client, account } = use()
      const ask = (method: string, params: readonly unknown[]) =>
        client.request({ method, params } as never) as Promise<{
          to: Hex
          input: Hex
          error?: string
          calls?: object[]
        }>
      const { transactionHash } = known.notes[0]!
      const trace = await ask('debug_traceTransaction', [transactionHash, { tracer: 'callTracer' }])
      expect(trace.to).toBe(known.address.toLowerCase())
      expect(trace.input).toBe(encodeFunctionData({ abi, functionName: 'note', args: [10n] }))
      const failing = {
        from: account.address,
        to: known.address,
        data: encodeFunctionData({ abi, functionName: 'fail' }),
      }
      const failed = await ask('debug_traceCall', [failing, 'latest', { tracer: 'callTracer' }])
      expect(failed.error).toBe('execution reverted')
    },
  )
  add('multicall (deployless)', 'many reads in one call', async () => {
    const { client, account } = use()
    const results = await client.multicall({
      deployless: true,
      contracts: [
        { ...ledger(), functionName: 'total' },
        { ...ledger(), functionName: 'sumOf', args: [account.address] },
        { ...ledger(), functionName: 'divide', args: [0n] },
      ],
    })
    expect(results.map(({ status }) => status)).toEqual(['success', 'success', 'failure'])
    expect([results[0]!.result, results[1]!.result]).toEqual([70n, 63n])
  })
  add('batched requests', 'a batch gives the same answers as single requests', async () => {
    const { batching, client, account } = use()
    const blockNumber = known.transfer.blockNumber
    const asked = (from: typeof client) =>
      Promise.all([
        from.getChainId(),
        from.getBlock({ blockNumber }),
        from.getBalance({ address: account.address, blockNumber }),
        from.getTransactionReceipt({ hash: known.transfer.transactionHash }),
        from.getStorageAt({ address: known.address, slot: '0x0', blockNumber }),
      ])
    expect(await asked(batching)).toEqual(await asked(client))
  })
  add('signMessage, verifyMessage, verifyTypedData', 'signed here, judged by a call', async () => {
    const { wallet, client, account } = use()
    const message = 'a message'
    const signature = await wallet.signMessage({ message })
    const { address } = account
    expect(await client.verifyMessage({ address, message, signature })).toBe(true)
    expect(await client.verifyMessage({ address, message: 'another', signature })).toBe(false)
    expect(await client.verifyHash({ address, hash: hashMessage(message), signature })).toBe(true)
    const typed = {
      domain: { name: 'Ledger', chainId: 1 },
      types: { Note: [{ name: 'value', type: 'uint256' }] },
      primaryType: 'Note' as const,
      message: { value: 1n },
    }
    const signed = await wallet.signTypedData(typed)
    expect(await client.verifyTypedData({ address, ...typed, signature: signed })).toBe(true)
  })
  add('signTransaction, sendRawTransaction', 'the same bytes come back from the chain', async () => {
    const { wallet, client } = use()
    const request = await wallet.prepareTransactionRequest({ to: known.address, value: 3n })
    const serializedTransaction = await wallet.signTransaction(request as never)
    expect(parseTransaction(serializedTransaction)).toMatchObject({ value: 3n })
    const hash = await client.sendRawTransaction({ serializedTransaction })
    expect((await mined(hash)).status).toBe('success')
    expect((await client.getTransaction({ hash })).value).toBe(3n)
    await expect(client.sendRawTransaction({ serializedTransaction })).rejects.toThrow(/nonce|already known/i)
  })
  add('getAddresses, requestAddresses', 'the node keeps no keys', async () => {
    const { client, wallet, account } = use()
    expect(await client.request({ method: 'eth_accounts' } as never)).toEqual([])
    expect(await wallet.getAddresses()).toEqual([account.address])
  })
  add('getDelegation', 'none: a contract’s code is no delegation', async () => {
    const { client } = use()
    expect(await client.getDelegation({ address: known.address })).toBeUndefined()
  })
  add('getBlobBaseFee', 'refused with a reason: a rollup has no blobs', async () => {
    await expect(use().client.getBlobBaseFee()).rejects.toThrow('no blob transactions')
  })
  add('watchBlockNumber, watchBlocks', 'over WebSocket, every block once and in order', async () => {
    const { live } = use()
    const numbers: bigint[] = []
    const blocks: Block[] = []
    const stops = [
      live.watchBlockNumber({ onBlockNumber: (number) => numbers.push(number) }),
      live.watchBlocks({ onBlock: (block) => blocks.push(block as Block) }),
    ]
    await eventually(() => expect(blocks.length).toBeGreaterThan(3))
    for (const stop of stops) stop()
    const seen = blocks.map(({ number }) => number!)
    expect(seen).toEqual(seen.map((_, i) => seen[0]! + BigInt(i)))
    expect(numbers.length).toBeGreaterThan(2)
  })
  add('watchBlocks by polling', 'over HTTP, with no block left out', async () => {
    const { client } = use()
    const numbers: bigint[] = []
    const stop = client.watchBlocks({
      ...{ emitMissed: true, onBlock: ({ number }) => numbers.push(number) },
    })
    await eventually(() => expect(numbers.length).toBeGreaterThan(2))
    stop()
    expect(numbers).toEqual(numbers.map((_, i) => numbers[0]! + BigInt(i)))
  })
  add('watchContractEvent, watchEvent', 'over WebSocket, the event that was just made', async () => {
    const { live, wallet } = use()
    const logs: Log[] = []
    const values: (bigint | undefined)[] = []
    const stops = [
      live.watchEvent({ address: known.address, onLogs: (batch) => logs.push(...batch) }),
      live.watchContractEvent({
        ...{ ...ledger(), eventName: 'Noted', args: { kind: 0n } },
        onLogs: (batch) => values.push(...batch.map(({ args }) => args.value)),
      }),
    ]
    await live.getBlockNumber()
    const receipts = []
    for (const value of [3n, 4n])
      receipts.push(
        await mined(await wallet.writeContract({ ...ledger(), functionName: 'note', args: [value] })),
      )
    await eventually(() => expect(logs.length).toBe(2))
    await eventually(() => expect(values).toEqual([3n]))
    for (const stop of stops) stop()
    expect(logs.map(({ transactionHash }) => transactionHash)).toEqual(
      receipts.map(({ transactionHash }) => transactionHash),
    )
  })
  add('watchPendingTransactions', 'over WebSocket, the hash before it is in a block', async () => {
    const { live, wallet } = use()
    const hashes: Hash[] = []
    const stop = live.watchPendingTransactions({ onTransactions: (batch) => hashes.push(...batch) })
    await live.getBlockNumber()
    const hash = await wallet.sendTransaction({ to: freshAddress(), value: 1n })
    await eventually(() => expect(hashes).toContain(hash))
    stop()
    await mined(hash)
  })
  add('eth_subscribe newPendingTransactions, whole', 'the transaction itself, unmined', async () => {
    const { live, wallet, account } = use()
    const seen: { hash: Hash; from: Hex; blockHash: null; value: Hex }[] = []
    const { unsubscribe } = await live.transport.subscribe({
      params: ['newPendingTransactions', true] as never,
      onData: ({ result }) => void seen.push(result as (typeof seen)[number]),
      onError: () => {},
    })
    const hash = await wallet.sendTransaction({ to: freshAddress(), value: 9n })
    await eventually(() => expect(seen.map((each) => each.hash)).toContain(hash))
    const found = seen.find((each) => each.hash === hash)
    expect(found).toMatchObject({ from: account.address.toLowerCase(), blockHash: null, value: toHex(9) })
    await unsubscribe()
    await mined(hash)
  })
  add('a nonce with a gap', 'waits, and both land when the gap is filled', async () => {
    const { wallet, client, account } = use()
    const nonce = await client.getTransactionCount({ address: account.address, blockTag: 'pending' })
    const later = await wallet.sendTransaction({
      to: freshAddress(),
      value: 1n,
      nonce: nonce + 1,
      gas: 21_000n,
    })
    expect((await client.getTransaction({ hash: later })).blockHash).toBeNull()
    const first = await wallet.sendTransaction({ to: freshAddress(), value: 1n, nonce })
    expect((await mined(first)).status).toBe('success')
    expect((await mined(later)).status).toBe('success')
  })

  return {
    actions,
    async close() {
      if (clients === undefined) return
      const transport = clients.live.transport as unknown as { getRpcClient(): Promise<{ close(): void }> }
      ;(await transport.getRpcClient()).close()
    },
  }
}
