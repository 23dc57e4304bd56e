/**
 * `plumbline bridge`: ETH and messages between L1 and L2, a step a command. Each may be run again: what is done stays done, and
 * what is still missing is waited for.
 */
import { Command } from 'commander'
import { type LocalAccount, parseEther } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type { BridgeEnd } from '../../bridge/end.ts'
import { checkEnds, type Ends, endsOf } from '../../bridge/ends.ts'
import { finishTransfer, readStatus, recoverTransfer } from '../../bridge/finish.ts'
import { forceTransfer } from '../../bridge/force.ts'
import { proveTransfer } from '../../bridge/prove.ts'
import { type StepOptions, sendTransfer, signTransfer, type TransferRequest } from '../../bridge/send.ts'
import { loadTransfer, type Transfer } from '../../bridge/transfer.ts'
import type { Address, Hex } from '../../primitives/hex.ts'
import { createBlobProver } from '../../propose/blobProver.ts'
import { createInboxReader } from '../../propose/inbox.ts'
import { createL1Rpc } from '../../propose/l1Rpc.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { BRIDGE_OPTIONS } from '../config/bridgeOptions.ts'
import { addOptions, type Config, loadConfig } from '../config/load.ts'
import { ConfigError } from '../config/resolve.ts'
import { readKeyFile } from '../keyFile.ts'
import { l1OptionsOf, loggerOf, specOf } from '../nodeConfig.ts'
import { createShutdown } from '../shutdown.ts'

export function bridgeCommand(): Command {
  const step = (name: string, description: string, run: (context: Context) => Promise<void>) =>
    addOptions(new Command(name).description(description), BRIDGE_OPTIONS).action(async (flags) =>
      run(await createContext(loadConfig(BRIDGE_OPTIONS, flags))),
    )
  return new Command('bridge')
    .description('ETH and messages between L1 and L2, a step a command')
    .addCommand(step('deposit', 'send from L1 to L2: the first step, on L1', (c) => start(c, 'deposit')))
    .addCommand(
      step('withdraw', 'send from L2 to L1: the first step, on L2 or (--forced) through L1', (c) =>
        start(c, 'withdrawal'),
      ),
    )
    .addCommand(step('prove', 'the second step: wait for a checkpoint, and write the proof', prove))
    .addCommand(step('finish', 'the last step: deliver on the other side, or retry there', finish))
    .addCommand(step('recover', 'take the value of a failed message out, as its owner', recover))
    .addCommand(step('status', 'where a transfer stands', status))
}

type Context = {
  readonly config: Config
  readonly spec: RollupSpec
  readonly layers: { readonly l1: BridgeEnd; readonly l2: BridgeEnd }
  readonly options: StepOptions
}

async function createContext(config: Config): Promise<Context> {
  const spec = await specOf(config)
  const bridgeOf = (layer: 'l1' | 'l2'): Address => {
    const address = config.get<Address>(`${layer}.bridge`) ?? spec[layer].bridge
    if (address === undefined)
      throw new ConfigError(
        `${spec.name} names no bridge on ${layer.toUpperCase()}: --${layer}.bridge is needed`,
      )
    return address
  }
  const l1 = l1OptionsOf(config)
  const [endpoint] = l1.endpoints
  if (endpoint === undefined || !('url' in endpoint)) throw new ConfigError('--l1.rpc is needed')
  return {
    config,
    spec,
    layers: {
      l1: { name: 'L1', rpc: createL1Rpc(endpoint), chainId: spec.l1.chainId, bridge: bridgeOf('l1') },
      l2: {
        name: 'L2',
        rpc: createL1Rpc({ name: 'l2', url: config.need<string>('l2.rpc') }),
        chainId: spec.l2.chainId,
        bridge: bridgeOf('l2'),
      },
    },
    options: {
      path: config.need<string>('bridge.file'),
      pollMs: config.need<number>('l1.poll-interval'),
      signal: createShutdown((name) => console.error(`${name}: stopping; run the same command to go on`)),
      say: (sentence) => console.log(sentence),
    },
  }
}

const accountOf = async ({ config }: Context): Promise<LocalAccount> =>
  privateKeyToAccount(await readKeyFile(config.need<string>('key-file'), 'key-file', loggerOf(config)))

function load({ options, layers }: Context): { readonly transfer: Transfer; readonly ends: Ends } {
  const transfer = loadTransfer(options.path)
  if (transfer === undefined)
    throw new ConfigError(
      `there is no file ${options.path}: begin with \`plumbline bridge withdraw\` or \`deposit\``,
    )
  return { transfer, ends: endsOf(transfer.direction, layers) }
}

async function start(context: Context, direction: Transfer['direction']): Promise<void> {
  const { config, layers, options } = context
  const isForced = config.need<boolean>('forced')
  if (isForced && direction === 'deposit')
    throw new ConfigError('a deposit starts on L1: nobody can hold it up')
  const account = await accountOf(context)
  const ends = endsOf(direction, layers)
  await checkEnds(ends, options.signal)
  let transfer = loadTransfer(options.path)
  if (transfer === undefined) {
    transfer = await signTransfer(ends, account, requestOf(config, account), {
      ...options,
      direction,
      isForced,
    })
  } else {
    if (transfer.direction !== direction) throw new ConfigError(`${options.path} is a ${transfer.direction}`)
    options.say(`going on with the ${direction} in ${options.path}`)
  }
  if (isForced) await force(context, account, transfer)
  else await sendTransfer(ends, transfer, options)
}

function requestOf(config: Config, account: LocalAccount): TransferRequest {
  const sender = account.address.toLowerCase() as Address
  return {
    to: config.get<Address>('bridge.to') ?? sender,
    owner: config.get<Address>('bridge.owner') ?? sender,
    value: parseEther(config.need<string>('bridge.amount')),
    data: config.need<Hex>('bridge.data'),
    gasLimit: BigInt(config.need<number>('bridge.gas-limit')),
  }
}

async function force(context: Context, account: LocalAccount, transfer: Transfer): Promise<void> {
  const { spec, layers, options } = context
  const prover = createBlobProver()
  try {
    const inbox = createInboxReader(layers.l1.rpc, spec.l1.inbox)
    const deps = { l1: layers.l1, inbox, inboxAddress: spec.l1.inbox, account, prover }
    await forceTransfer(deps, transfer, options)
  } finally {
    await prover.close()
  }
}

async function prove(context: Context): Promise<void> {
  const { transfer, ends } = load(context)
  await proveTransfer(ends, transfer, context.options)
}

async function finish(context: Context): Promise<void> {
  const { transfer, ends } = load(context)
  const status = await finishTransfer(ends, await accountOf(context), transfer, context.options)
  if (status === 'failed') process.exitCode = 1
}

async function recover(context: Context): Promise<void> {
  const { transfer, ends } = load(context)
  const account = await accountOf(context)
  const to = context.config.get<Address>('bridge.to') ?? (account.address.toLowerCase() as Address)
  await recoverTransfer(ends, account, transfer, to, context.options)
}

async function status(context: Context): Promise<void> {
  const { transfer, ends } = load(context)
  const { say, signal } = context.options
  const { message } = transfer
  say(`${transfer.direction}, ${ends.source.name} transaction ${transfer.transaction.hash}`)
  if (message === undefined) say('its message is not known yet')
  else say(`message ${message.nonce}: ${await readStatus(ends, message, signal)} on ${ends.destination.name}`)
  say(transfer.proof === undefined ? 'not proven yet' : `proven against block ${transfer.proof.blockNumber}`)
}
