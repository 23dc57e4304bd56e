// L2 genesis of a Plumbline devnet, in geth's format.
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM } from '@ethereumjs/evm'
import { genesisMPTStateRoot } from '@ethereumjs/mpt'
import { bytesToHex, createAddressFromString, createContractAddress, hexToBytes } from '@ethereumjs/util'

/** Ours alone; the addresses of predeploys begin with its decimal digits. */
export const DEVNET_L2_CHAIN_ID = 1670042

/** Mainnet's. */
const GAS_LIMIT = 15_000_000
const BASE_FEE_WEI = 10_000_000

/** Accounts of the mnemonic "test test … junk" that every development chain funds. Their keys are public. */
const DEV_ACCOUNTS = [
  '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266',
  '0x70997970c51812dc3a010c7d01b50e0d17dc79c8',
  '0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc',
  '0x90f79bf6eb2c4f870365e785982e1f101e93b906',
  '0x15d34aaf54267db7d7c367839aaf71a00a2c6a65',
  '0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc',
  '0x976ea74026e726554db657fa54763abd0c3a0aa9',
  '0x14dc79964da2c08b23698b3d3cc7ca32193d9955',
  '0x23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f',
  '0xa0ee7a142d267c1f36714e4a8f75612f20a79720',
]
/** 10,000 ether. */
const DEV_BALANCE_WEI = 10_000n * 10n ** 18n

/** Chain id that local L1 chains have. */
export const DEVNET_L1_CHAIN_ID = 31337
/** The last but two of the accounts above deploys the L1 bridge and does nothing else, so that L2's genesis can know the address. */
const BRIDGE_DEPLOYER = DEV_ACCOUNTS[7]

/** More than there is on L1: no deposit can find the bridge empty. 10^9 ether. */
const BRIDGE_BALANCE_WEI = 10n ** 27n
/** Of both bridges: 1,000 ether a day. */
export const DEVNET_BRIDGE_QUOTA = { wei: 10n ** 21n, periodSeconds: 86_400 }

/** Address of the L1 bridge of a devnet: the first contract of its deployer. */
export const DEVNET_L1_BRIDGE = createContractAddress(createAddressFromString(BRIDGE_DEPLOYER), 0n).toString()

/** Address of a predeploy: the chain id's decimal digits, zeros, the suffix; 20 bytes in all. */
export function predeployAddress(chainId, suffix) {
  return `0x${chainId}${suffix.padStart(40 - String(chainId).length, '0')}`
}

/** Code that the constructor returns when it runs as it would in a deployment, immutables included. */
async function runConstructor(creationCode) {
  const common = new Common({ chain: Mainnet, hardfork: Hardfork.Shanghai })
  const evm = await createEVM({ common })
  const { execResult } = await evm.runCall({ data: hexToBytes(creationCode), gasLimit: 30_000_000n })
  if (execResult.exceptionError) throw new Error(`constructor failed: ${execResult.exceptionError.error}`)
  return bytesToHex(execResult.returnValue)
}

const addressWord = (address) => address.slice(2).padStart(64, '0')
const numberWord = (number) => BigInt(number).toString(16).padStart(64, '0')

/** `anchor`, `checkpointStore` and `bridge` are artifacts compiled for L2; `l1` is the chain id, and the bridge that is to come. */
export async function buildDevnetGenesis({ chainId, l1, anchor, checkpointStore, bridge }) {
  const anchorAddress = predeployAddress(chainId, '10001')
  const storeAddress = predeployAddress(chainId, '5')
  const bridgeWords = [
    addressWord(storeAddress),
    addressWord(l1.bridge),
    numberWord(l1.chainId),
    numberWord(DEVNET_BRIDGE_QUOTA.wei),
    numberWord(DEVNET_BRIDGE_QUOTA.periodSeconds),
  ]
  const alloc = {
    [anchorAddress]: {
      balance: '0x0',
      code: await runConstructor(anchor.bytecode + addressWord(storeAddress)),
    },
    [storeAddress]: {
      balance: '0x0',
      code: await runConstructor(checkpointStore.bytecode + addressWord(anchorAddress)),
    },
    [predeployAddress(chainId, '1')]: {
      balance: `0x${BRIDGE_BALANCE_WEI.toString(16)}`,
      code: await runConstructor(bridge.bytecode + bridgeWords.join('')),
    },
  }
  for (const account of DEV_ACCOUNTS) alloc[account] = { balance: `0x${DEV_BALANCE_WEI.toString(16)}` }

  const state = Object.fromEntries(
    Object.entries(alloc).map(([address, { balance, code = '0x' }]) => [address, [balance, code, []]]),
  )
  return {
    config: {
      ChainName: 'plumbline-devnet',
      chainId,
      homesteadBlock: 0,
      eip150Block: 0,
      eip155Block: 0,
      eip158Block: 0,
      byzantiumBlock: 0,
      constantinopleBlock: 0,
      petersburgBlock: 0,
      istanbulBlock: 0,
      muirGlacierBlock: 0,
      berlinBlock: 0,
      londonBlock: 0,
      arrowGlacierBlock: 0,
      grayGlacierBlock: 0,
      mergeNetsplitBlock: 0,
      shanghaiTime: 0,
      // Unzen's, which brings them together. Without these three it is the genesis of a Shasta chain.
      cancunTime: 0,
      pragueTime: 0,
      osakaTime: 0,
      terminalTotalDifficulty: 0,
      terminalTotalDifficultyPassed: true,
    },
    difficulty: '0',
    gasLimit: String(GAS_LIMIT),
    timestamp: '0',
    extradata: '',
    baseFeePerGas: String(BASE_FEE_WEI),
    stateRoot: bytesToHex(await genesisMPTStateRoot(state)),
    alloc,
  }
}
