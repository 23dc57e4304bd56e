/** ethers' providers, wallet and contract, each with what its result has to mean. In order: later ones read what earlier ones did. */
import {
  Contract,
  ContractFactory,
  type ContractTransactionReceipt,
  type EventLog,
  getCreateAddress,
  Interface,
  isError,
  JsonRpcProvider,
  type TransactionReceipt,
  type TransactionResponse,
  Wallet,
  WebSocketProvider,
  zeroPadValue,
} from 'ethers'
import { expect, vi } from 'vitest'
import { LEDGER_ABI } from './ledger.ts'
import { type Action, type ClientsWorld, FUNDS, freshAddress } from './world.ts'

const GWEI = 10n ** 9n

export function ethersActions(getWorld: () => ClientsWorld) {
  const actions: Action[] = []
  const add = (name: string, claim: string, run: () => Promise<void>) => actions.push({ name, claim, run })

  const connect = () => {
    const world = getWorld()
    const provider = new JsonRpcProvider(world.url, undefined, { cacheTimeout: -1 })
    provider.pollingInterval = 100
    const live = new WebSocketProvider(world.wsUrl)
    return { world, provider, live, wallet: new Wallet(world.account.key, provider) }
  }
  let clients: ReturnType<typeof connect> | undefined
  const use = () => {
    clients ??= connect()
    return clients
  }
  const mined = async (sent: TransactionResponse): Promise<TransactionReceipt> => (await sent.wait())!
  const eventually = (check: () => void | Promise<void>) =>
    vi.waitFor(async () => check(), { timeout: 60_000, interval: 50 })

  /** Filled by the actions that come first. */
  const known = {} as {
    address: string
    ledger: Contract
    creation: TransactionReceipt
    sent: TransactionResponse
  }
  const write = async (method: string, ...args: unknown[]) =>
    (await (await known.ledger.getFunction(method)(...args)).wait()) as ContractTransactionReceipt

  add('getNetwork', 'the chain’s id', async () => {
    const { provider, world } = use()
    expect((await provider.getNetwork()).chainId).toBe(BigInt(world.chainId))
  })
  add('getBlockNumber, getBalance', 'what was paid in, now and before', async () => {
    const { provider, world } = use()
    expect(await provider.getBlockNumber()).toBeGreaterThan(0)
    expect(await provider.getBalance(world.account.address)).toBe(FUNDS)
    expect(await provider.getBalance(world.account.address, 0)).toBe(0n)
  })
  add('getFeeData', 'fees of the next block, in both ways to pay', async () => {
    const { gasPrice, maxFeePerGas, maxPriorityFeePerGas } = await use().provider.getFeeData()
    expect(maxPriorityFeePerGas).toBeGreaterThan(0n)
    expect(maxFeePerGas).toBeGreaterThan(maxPriorityFeePerGas!)
    expect(gasPrice).toBeGreaterThan(0n)
  })
  add('ContractFactory.deploy', 'the contract answers where its nonce puts it', async () => {
    const { wallet, world, provider } = use()
    const factory = new ContractFactory(LEDGER_ABI as never, world.ledger.bytecode, wallet)
    const deployed = await factory.deploy(7n)
    known.creation = await mined(deployed.deploymentTransaction()!)
    known.address = await deployed.getAddress()
    known.ledger = new Contract(known.address, LEDGER_ABI as never, wallet)
    expect(known.address).toBe(getCreateAddress({ from: wallet.address, nonce: 0 }))
    expect(known.creation.contractAddress).toBe(known.address)
    expect(await provider.getCode(known.address)).toBe(world.ledger.runtime)
  })
  add('Contract: a view', 'the constructor’s argument; the same by getStorage', async () => {
    const { provider } = use()
    expect(await known.ledger.getFunction('total')()).toBe(7n)
    expect(await provider.getStorage(known.address, 0)).toBe(zeroPadValue('0x07', 32))
  })
  add('Contract: a write', 'its event is in the receipt, decoded', async () => {
    const receipt = await write('note', 10n)
    const [event] = receipt.logs as EventLog[]
    expect([event!.eventName, event!.args.value]).toEqual(['Noted', 10n])
    expect(await known.ledger.getFunction('total')()).toBe(17n)
    await write('note', 20n)
  })
  add(
    'Contract.staticCall, estimateGas',
    'the result of a write that does not happen; gas that is enough',
    async () => {
      const note = known.ledger.getFunction('note')
      expect(await note.staticCall(5n)).toBe(42n)
      const gas = await note.estimateGas(1n)
      const receipt = (await (await note(1n, { gasLimit: gas })).wait()) as TransactionReceipt
      expect(receipt.status).toBe(1)
      expect(await known.ledger.getFunction('total')()).toBe(38n)
    },
  )
  add(
    'reverts',
    'a text, an error of the contract with its arguments, and a panic, each decoded',
    async () => {
      const failureOf = async (attempt: Promise<unknown>) => {
        const error = await attempt.then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
        return isError(error, 'CALL_EXCEPTION') ? error : undefined
      }
      const { ledger } = known
      expect((await failureOf(ledger.getFunction('fail').staticCall()))?.reason).toBe('never')
      const custom = await failureOf(ledger.getFunction('note').staticCall(1001n))
      expect([custom?.revert?.name, ...(custom?.revert?.args ?? [])]).toEqual(['TooMuch', 1001n, 1000n])
      const panic = await failureOf(ledger.getFunction('divide')(0n))
      expect([panic?.revert?.name, ...(panic?.revert?.args ?? [])]).toEqual(['Panic', 18])
      expect((await failureOf(ledger.getFunction('fail').estimateGas()))?.reason).toBe('never')
    },
  )
  add('Wallet.sendTransaction (types 0, 1, 2)', 'each arrives, with its type and its price', async () => {
    const { wallet, provider } = use()
    const gasPrice = 5n * GWEI
    const requests = [
      { type: 0, gasPrice },
      {
        type: 1,
        gasPrice,
        accessList: [{ address: known.address, storageKeys: [zeroPadValue('0x00', 32)] }],
      },
      { type: 2, maxFeePerGas: gasPrice, maxPriorityFeePerGas: GWEI },
    ]
    for (const request of requests) {
      const to = freshAddress()
      known.sent = await wallet.sendTransaction({ to, value: 3n, ...request })
      const receipt = await mined(known.sent)
      expect([receipt.status, receipt.type]).toEqual([1, request.type])
      expect(await provider.getBalance(to)).toBe(3n)
      const { baseFeePerGas } = (await provider.getBlock(receipt.blockNumber))!
      expect(receipt.gasPrice).toBe(request.type === 2 ? baseFeePerGas! + GWEI : gasPrice)
    }
  })
  add('getTransaction, getTransactionReceipt', 'what was sent; null for what nobody knows', async () => {
    const { provider } = use()
    const found = (await provider.getTransaction(known.sent.hash))!
    expect(found.toJSON()).toMatchObject({ from: known.sent.from, nonce: known.sent.nonce, value: '3' })
    expect(found.signature.serialized).toBe(known.sent.signature.serialized)
    expect(await found.confirmations()).toBeGreaterThan(0)
    const receipt = (await provider.getTransactionReceipt(known.sent.hash))!
    expect(receipt.blockHash).toBe(found.blockHash)
    expect(await provider.getTransaction(`0x${'12'.repeat(32)}`)).toBeNull()
    expect(await provider.getTransactionReceipt(`0x${'12'.repeat(32)}`)).toBeNull()
  })
  add('getTransactionCount', 'the nonce, and with `pending` what waits', async () => {
    const { provider, wallet } = use()
    const nonce = await provider.getTransactionCount(wallet.address)
    const sent = await wallet.sendTransaction({ to: freshAddress(), value: 1n })
    expect(await provider.getTransactionCount(wallet.address, 'pending')).toBe(nonce + 1)
    await mined(sent)
    expect(await wallet.getNonce()).toBe(nonce + 1)
  })
  add('getBlock', 'by number, hash and tag, with its transactions ahead of time', async () => {
    const { provider } = use()
    const block = (await provider.getBlock(known.creation.blockNumber, true))!
    expect(block.prefetchedTransactions.map(({ hash }) => hash)).toContain(known.creation.hash)
    expect((await provider.getBlock(block.hash!))!.toJSON()).toEqual(
      (await provider.getBlock(block.number))!.toJSON(),
    )
    const numbers = []
    for (const tag of ['earliest', 'finalized', 'safe', 'latest'])
      numbers.push((await provider.getBlock(tag))!.number)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    expect((await provider.getBlock('pending'))!.number).toBeGreaterThanOrEqual(numbers[3]!)
    expect(await provider.getBlock(10_000_000)).toBeNull()
  })
  add('getLogs, Contract.queryFilter', 'by range and by indexed argument, decoded', async () => {
    const { provider } = use()
    const { blockNumber } = known.creation
    const all = await known.ledger.queryFilter('Noted', blockNumber)
    expect(all.map((log) => (log as EventLog).args.value)).toEqual([10n, 20n, 1n])
    const ofKind = await known.ledger.queryFilter(known.ledger.filters.Noted!(null, 2n), blockNumber)
    expect(ofKind.map((log) => (log as EventLog).args.value)).toEqual([20n])
    const raw = await provider.getLogs({ address: known.address, blockHash: all[0]!.blockHash })
    expect(raw.map(({ transactionHash }) => transactionHash)).toContain(all[0]!.transactionHash)
  })
  add('call', 'encoded by hand, now and at an older block', async () => {
    const { provider } = use()
    const data = new Interface(LEDGER_ABI as never).encodeFunctionData('total')
    expect(BigInt(await provider.call({ to: known.address, data }))).toBe(38n)
    const { blockNumber: blockTag } = known.creation
    expect(BigInt(await provider.call({ to: known.address, data, blockTag }))).toBe(7n)
  })
  add('broadcastTransaction, waitForTransaction', 'signed by hand, awaited by hash', async () => {
    const { provider, wallet } = use()
    const signed = await wallet.signTransaction(
      await wallet.populateTransaction({ to: freshAddress(), value: 1n }),
    )
    const { hash } = await provider.broadcastTransaction(signed)
    expect((await provider.waitForTransaction(hash, 2))!.status).toBe(1)
  })
  add('errors', 'a used nonce and money that is not there, under ethers’ own names', async () => {
    const { wallet } = use()
    const codeOf = (attempt: Promise<unknown>) =>
      attempt.then(
        () => undefined,
        (error: { code: string }) => error.code,
      )
    const to = freshAddress()
    expect(await codeOf(wallet.sendTransaction({ to, nonce: 0 }))).toBe('NONCE_EXPIRED')
    expect(await codeOf(wallet.sendTransaction({ to, value: FUNDS * 2n, gasLimit: 21_000n }))).toBe(
      'INSUFFICIENT_FUNDS',
    )
  })
  add('batched requests', 'fifty at once, in one body, each with its own answer', async () => {
    const { provider } = use()
    const numbers = Array.from({ length: 50 }, (_, i) => i % (known.creation.blockNumber + 1))
    const blocks = await Promise.all(numbers.map((number) => provider.getBlock(number)))
    expect(blocks.map((block) => block!.number)).toEqual(numbers)
  })
  add('on("block"), by polling and over WebSocket', 'numbers rise by one', async () => {
    for (const provider of [use().provider, use().live]) {
      const numbers: number[] = []
      await provider.on('block', (number: number) => numbers.push(number))
      await eventually(() => expect(numbers.length).toBeGreaterThan(2))
      await provider.off('block')
      expect(numbers).toEqual(numbers.map((_, i) => numbers[0]! + i))
    }
  })
  add('on("pending") over WebSocket', 'the hash of what was sent', async () => {
    const { live, wallet } = use()
    const hashes: string[] = []
    await live.on('pending', (hash: string) => hashes.push(hash))
    await live.getBlockNumber()
    const sent = await wallet.sendTransaction({ to: freshAddress(), value: 1n })
    await eventually(() => expect(hashes).toContain(sent.hash))
    await live.off('pending')
    await mined(sent)
  })
  add('Contract.on, by polling and over WebSocket', 'the event that was just made', async () => {
    const { live, world } = use()
    const polled: bigint[] = []
    const pushed: bigint[] = []
    const overSocket = new Contract(known.address, LEDGER_ABI as never, live)
    await known.ledger.on('Noted', (_who, _kind, value: bigint) => polled.push(value))
    await overSocket.on(overSocket.filters.Noted!(world.account.address), (event: { args: bigint[] }) =>
      pushed.push(event.args[2]!),
    )
    await live.getBlockNumber()
    await write('note', 4n)
    await eventually(() => expect([polled, pushed]).toEqual([[4n], [4n]]))
    await known.ledger.removeAllListeners()
    await overSocket.removeAllListeners()
  })
  add('send', 'any method by its name: eth_getProof, rpc_modules', async () => {
    const { provider } = use()
    const proof = await provider.send('eth_getProof', [known.address, ['0x0'], 'latest'])
    expect(BigInt(proof.storageProof[0].value)).toBe(42n)
    expect(await provider.send('rpc_modules', [])).toMatchObject({ eth: '1.0', net: '1.0' })
  })

  return {
    actions,
    async close() {
      clients?.provider.destroy()
      await clients?.live.destroy()
    },
  }
}
