/**
 * The 54-block chain of https://github.com/ethereum/execution-apis, executed by stock EthereumJS: an oracle for the RPC that shares
 * no code with the engine. Blocks from Frontier to Osaka, receipts as executed, and the state after each block.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Block, createBlock, createBlockFromBytesArray, createBlockHeader } from '@ethereumjs/block'
import { type Common, createCommonFromGethGenesis, parseGethGenesisState } from '@ethereumjs/common'
import type { EVMMockBlockchainInterface } from '@ethereumjs/evm'
import { RLP } from '@ethereumjs/rlp'
import { getMerkleStateProof, MerkleStateManager } from '@ethereumjs/statemanager'
import { createAddressFromString } from '@ethereumjs/util'
import { createVM, type RunBlockResult, runBlock, type VM } from '@ethereumjs/vm'
import type { StoredBlock, StoredTransaction } from '../../src/chain/chain.ts'
import { lazyKzg, loadKzg } from '../../src/engine/kzg.ts'
import { ethereumRules } from '../../src/engine/rules/evmRules.ts'
import type { FlatState } from '../../src/engine/state/flatState.ts'
import { MissingStateError, type StateSource } from '../../src/engine/state/source.ts'
import { trimLeadingZeros } from '../../src/primitives/bytes.ts'
import { decodeHeader } from '../../src/primitives/header.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import type { Receipt } from '../../src/primitives/receipt.ts'
import { createTxPool, type TxPool } from '../../src/propose/txPool.ts'
import type { Caller, RpcDeps } from '../../src/rpc/deps.ts'

export const EXECUTION_APIS = join(import.meta.dirname, '../../../shared/fixtures/execution-apis')
export const hasExecutionApis = existsSync(join(EXECUTION_APIS, 'chain.rlp'))

export type EthereumChain = {
  readonly chainId: bigint
  readonly blocks: readonly StoredBlock[]
  readonly state: Pick<FlatState, 'at' | 'proof'>
  readonly caller: Caller
  readonly nextBaseFee: RpcDeps['nextBaseFee']
}

export async function executeEthereumChain(): Promise<EthereumChain> {
  await loadKzg()
  const genesisJson = JSON.parse(readFileSync(join(EXECUTION_APIS, 'genesis.json'), 'utf8'))
  const common = createCommonFromGethGenesis(genesisJson, { customCrypto: { kzg: lazyKzg } })
  const hashes = new Map<number, Uint8Array>()
  const blockchain: EVMMockBlockchainInterface = {
    getBlock: async (number) => ({ hash: () => hashes.get(number)! }),
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  }
  const stateManager = new MerkleStateManager({ common })
  const vm = await createVM({ common, blockchain, stateManager, setHardfork: true } as never)
  await stateManager.generateCanonicalGenesis(parseGethGenesisState(genesisJson))

  const genesis = genesisBlock(common, genesisJson, await stateManager.getStateRoot())
  const blocks: StoredBlock[] = [toStored(genesis, undefined)]
  hashes.set(0, genesis.hash())
  let root = await stateManager.getStateRoot()
  let rest = new Uint8Array(readFileSync(join(EXECUTION_APIS, 'chain.rlp')))
  while (rest.length > 0) {
    const { data, remainder } = RLP.decode(rest, true)
    rest = new Uint8Array(remainder)
    const block = createBlockFromBytesArray(data as never, { common, setHardfork: true })
    const result = await runBlock(vm, {
      block,
      root,
      skipHeaderValidation: true,
      skipBlockValidation: true,
      setHardfork: true,
    } as never)
    root = result.stateRoot
    hashes.set(Number(block.header.number), block.hash())
    blocks.push(toStored(block, result))
  }
  return {
    chainId: common.chainId(),
    blocks,
    state: merkleState(stateManager, blocks),
    caller: stockCaller(vm, blocks),
    nextBaseFee: ({ number, timestamp, gasLimit, gasUsed, baseFeePerGas }) =>
      createBlockHeader({ number, timestamp, gasLimit, gasUsed, baseFeePerGas } as never, {
        common,
        setHardfork: true,
      }).calcNextBaseFee(),
  }
}

function genesisBlock(common: Common, genesis: Record<string, string>, stateRoot: Uint8Array): Block {
  const { gasLimit, difficulty, nonce, extraData, timestamp, mixHash, coinbase } = genesis
  const header = {
    number: 0n,
    gasLimit,
    difficulty,
    nonce: `0x${BigInt(nonce!).toString(16).padStart(16, '0')}`,
    extraData,
    timestamp,
    mixHash,
    coinbase,
    stateRoot,
  }
  return createBlock({ header } as never, { common, setHardfork: true })
}

function toStored(block: Block, result: RunBlockResult | undefined): StoredBlock {
  const baseFee = block.header.baseFeePerGas ?? 0n
  const transactions = block.transactions.map((transaction, index): StoredTransaction => {
    const outcome = result!.results[index]!
    const executed = result!.receipts[index]!
    const tip = (transaction as { getEffectivePriorityFee(baseFee: bigint): bigint }).getEffectivePriorityFee(
      baseFee,
    )
    const receipt: Receipt = {
      type: transaction.type,
      succeeded: outcome.execResult.exceptionError === undefined,
      cumulativeGasUsed: executed.cumulativeBlockGasUsed,
      logs: executed.logs.map(([address, topics, data]) => ({
        address: bytesToHex(address),
        topics: topics.map(bytesToHex),
        data,
      })),
    }
    return {
      raw: transaction.serialize(),
      hash: bytesToHex(transaction.hash()),
      sender: transaction.getSenderAddress().toString() as Address,
      to: (transaction.to?.toString() as Address | undefined) ?? null,
      gasUsed: outcome.totalGasSpent,
      effectiveGasPrice: baseFee + tip,
      createdContract: (outcome.createdAddress?.toString() as Address | undefined) ?? null,
      receipt,
      listedIndex: index,
    }
  })
  return {
    hash: bytesToHex(block.hash()),
    header: decodeHeader(block.header.serialize()),
    transactions,
    size: block.serialize().length,
  }
}

/** EthereumJS keeps every trie node, so the state after any block is its root. */
function merkleState(
  stateManager: MerkleStateManager,
  blocks: readonly StoredBlock[],
): Pick<FlatState, 'at' | 'proof'> {
  const managerAt = async (number: bigint) => {
    const block = blocks[Number(number)]
    if (block === undefined) throw new MissingStateError({ what: `the state of block ${number}` })
    const copy = stateManager.shallowCopy()
    await copy.setStateRoot(hexToBytes(block.header.stateRoot))
    return copy
  }
  const accountOf = async (manager: MerkleStateManager, address: Address) => {
    const account = await manager.getAccount(createAddressFromString(address))
    if (account === undefined) return null
    return {
      nonce: account.nonce,
      balance: account.balance,
      storageRoot: bytesToHex(account.storageRoot),
      codeHash: bytesToHex(account.codeHash),
    }
  }
  return {
    async at(number) {
      const manager = await managerAt(number)
      const addressByCode = new Map<Hash, Address>()
      const source: StateSource = {
        stateRoot: bytesToHex(await manager.getStateRoot()),
        async account(address) {
          const account = await accountOf(manager, address)
          if (account !== null) addressByCode.set(account.codeHash, address)
          return account
        },
        storage: async (address, slot) =>
          trimLeadingZeros(await manager.getStorage(createAddressFromString(address), hexToBytes(slot))),
        code: (codeHash) => manager.getCode(createAddressFromString(addressByCode.get(codeHash)!)),
        rootAfter: () => Promise.reject(new Error('read-only')),
      }
      return source
    },
    async proof(address, slots, number) {
      const manager = await managerAt(number)
      const proof = await getMerkleStateProof(
        manager,
        createAddressFromString(address),
        slots.map(hexToBytes),
      )
      return {
        account: await accountOf(manager, address),
        accountProof: proof.accountProof.map(hexToBytes),
        storageProofs: proof.storageProof.map((storage, index) => ({
          slot: slots[index]!,
          value: trimLeadingZeros(hexToBytes(even(storage.value))),
          proof: storage.proof.map(hexToBytes),
        })),
      }
    },
  }
}

const even = (hex: string) => (hex.length % 2 === 0 ? hex : `0x0${hex.slice(2)}`)

/** `eth_call` as geth runs it: no fees are charged, and without a gas price the base fee reads as zero. */
function stockCaller(vm: VM, blocks: readonly StoredBlock[]): Caller {
  return {
    async run(_, { request, header, overrides }) {
      const copy = await vm.shallowCopy()
      copy.common.setHardforkBy({ blockNumber: header.number, timestamp: header.timestamp })
      await copy.stateManager.setStateRoot(hexToBytes(blocks[Number(header.number)]!.header.stateRoot))
      for (const [address, override] of overrides ?? []) {
        const target = createAddressFromString(address)
        if (override.code !== undefined) await copy.stateManager.putCode(target, override.code)
        if (override.balance !== undefined)
          await copy.stateManager.modifyAccountFields(target, { balance: override.balance })
        for (const [slot, value] of override.stateDiff ?? [])
          await copy.stateManager.putStorage(target, hexToBytes(slot), value)
      }
      const price = request.gasPrice ?? request.maxFeePerGas ?? 0n
      const block = createBlock(
        {
          header: {
            number: header.number,
            timestamp: header.timestamp,
            gasLimit: header.gasLimit,
            coinbase: header.coinbase,
            ...(header.baseFeePerGas === undefined
              ? {}
              : { baseFeePerGas: price === 0n ? 0n : header.baseFeePerGas }),
            mixHash: header.mixHash,
          },
        } as never,
        { common: copy.common },
      )
      const intrinsic = 21_000n
      const gas = request.gas ?? 50_000_000n
      if (gas < intrinsic)
        return { succeeded: false, returnData: new Uint8Array(0), gasUsed: gas, error: 'out of gas' }
      const result = await copy.evm.runCall({
        block: block as never,
        gasLimit: gas - intrinsic,
        gasPrice: price,
        ...(request.from === undefined
          ? {}
          : {
              caller: createAddressFromString(request.from),
              origin: createAddressFromString(request.from),
            }),
        ...(request.to === undefined ? {} : { to: createAddressFromString(request.to) }),
        data: request.data ?? new Uint8Array(0),
        value: request.value ?? 0n,
        skipBalance: true,
      })
      const { exceptionError, executionGasUsed, returnValue } = result.execResult
      return {
        succeeded: exceptionError === undefined,
        returnData: returnValue,
        gasUsed: intrinsic + executionGasUsed,
        ...(exceptionError === undefined ? {} : { error: exceptionError.error }),
      }
    },
    close: async () => {},
  }
}

/** The proposer's own pool on the state of the last block. */
export function createTestPool({ chainId, blocks, state }: EthereumChain): TxPool {
  const head = blocks.at(-1)!.header
  const account = async (address: Address) => (await state.at(head.number)).account(address)
  return createTxPool(
    {
      state: {
        nonce: async (address) => (await account(address))?.nonce ?? 0n,
        balance: async (address) => (await account(address))?.balance ?? 0n,
      },
    },
    {
      rules: { chainId, evm: ethereumRules('osaka'), minTip: 1n },
      head: { baseFeePerGas: head.baseFeePerGas!, gasLimit: head.gasLimit },
    },
  )
}
