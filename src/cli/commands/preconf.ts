/** `plumbline preconf …`: how an L1 proposer opts in, looks at where it stands, and leaves. */
import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { BaseError, formatEther, parseEther } from 'viem'
import { createL1 } from '../../l1/createL1.ts'
import {
  createL1Client,
  createOwner,
  findContracts,
  type L1Client,
  type OperatorContracts,
  type OperatorStatus,
  type Owner,
  readOperator,
} from '../../preconf/operator.ts'
import { claimValidators, optIn, optOut, register } from '../../preconf/optIn.ts'
import {
  parseRegistrations,
  type Registrations,
  requestRegistrations,
} from '../../preconf/registrationFile.ts'
import { CriticalError } from '../../primitives/errors.ts'
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import { addOptions, type Config, loadConfig } from '../config/load.ts'
import type { OptionSpec } from '../config/options.ts'
import {
  OPT_IN_OPTIONS,
  OPT_OUT_OPTIONS,
  REGISTER_OPTIONS,
  REQUEST_OPTIONS,
  STATUS_OPTIONS,
} from '../config/preconfOptions.ts'
import { readKeyFile } from '../keyFile.ts'
import { l1OptionsOf, loggerOf, specOf } from '../nodeConfig.ts'
import { createShutdown } from '../shutdown.ts'
import { listCommand } from './list.ts'
import { evidenceCommand, slashCommand } from './slash.ts'

type Connection = {
  readonly config: Config
  readonly l1: L1Client
  readonly l1Url: string
  readonly contracts: OperatorContracts
}

export function preconfCommand(): Command {
  return new Command('preconf')
    .description('for L1 proposers: opt in to sequencing, see where you stand, opt out')
    .addCommand(
      subcommand('request', 'print what each validator has to sign (JSON)', REQUEST_OPTIONS, request),
    )
    .addCommand(
      subcommand('register', 'register signed validators as an operator', REGISTER_OPTIONS, runRegister),
    )
    .addCommand(
      subcommand(
        'opt-in',
        'lock the bond, name the committer, claim the validators',
        OPT_IN_OPTIONS,
        runOptIn,
      ),
    )
    .addCommand(
      subcommand('status', 'print what L1 says about an operator (JSON)', STATUS_OPTIONS, runStatus),
    )
    .addCommand(
      subcommand('opt-out', 'leave; the bond answers for a while longer', OPT_OUT_OPTIONS, runOptOut),
    )
    .addCommand(listCommand())
    .addCommand(evidenceCommand())
    .addCommand(slashCommand())
}

function subcommand(
  name: string,
  description: string,
  options: readonly OptionSpec[],
  run: (connection: Connection) => Promise<void>,
): Command {
  return addOptions(new Command(name).description(description), options).action(async (flags) => {
    const config = loadConfig(options, flags)
    const spec = await specOf(config)
    const [l1Url] = config.need<string[]>('l1.rpc')
    if (l1Url === undefined) throw new CriticalError('--l1.rpc is empty')
    const l1 = createL1Client(l1Url)
    try {
      await run({ config, l1, l1Url, contracts: await findContracts(l1, spec.l1.inbox) })
    } catch (error) {
      // viem's whole message names the URL, which may hold a key.
      if (error instanceof BaseError)
        throw new CriticalError(`L1 does not answer as it should: ${error.shortMessage}`)
      throw error
    }
  })
}

async function request({ config, l1, contracts }: Connection): Promise<void> {
  const owner = config.need<Address>('owner.address')
  print(await requestRegistrations(l1, contracts, { owner, pubkeys: config.need<Hex[]>('validators') }))
}

async function runRegister(connection: Connection): Promise<void> {
  const { config, l1, contracts } = connection
  const registrations = await readRegistrations(config)
  const collateral = config.get<string>('collateral')
  const { root, ...registered } = await register(l1, contracts, {
    owner: await ownerOf(connection),
    registrations,
    ...(collateral !== undefined && { collateralWei: parseEther(collateral) }),
  })
  print({ operator: root, ...registered })
  const { usableFrom } = await statusOf(connection, root)
  console.error(
    `registered; signatures can be challenged until ${timeOf(usableFrom)}, then: plumbline preconf opt-in --operator ${root}`,
  )
}

async function runOptIn(connection: Connection): Promise<void> {
  const { config, l1, contracts } = connection
  const root = config.need<Hash>('operator')
  const owner = await ownerOf(connection)
  const poster = config.get<Address>('poster')
  await statusOf(connection, root)
  await optIn(l1, contracts, {
    owner,
    root,
    committer: config.need<Address>('committer'),
    ...(poster !== undefined && { poster }),
  })
  const registrations = config.get<string>('registrations') && (await readRegistrations(config))
  if (!registrations) {
    console.error('opted in; give --registrations to claim its validators, without which it has no turns')
    return
  }
  const spec = await specOf(config)
  const signal = createShutdown((name) => console.error(`${name}: stopping`))
  const room = await createL1({ ...l1OptionsOf(config), spec, logger: loggerOf(config), signal })
  try {
    for await (const claim of claimValidators(l1, room.reads, contracts, { owner, root, registrations }))
      print(claim)
  } finally {
    await room.close()
  }
}

async function runStatus(connection: Connection): Promise<void> {
  const root = connection.config.need<Hash>('operator')
  print({ operator: root, ...connection.contracts, ...(await statusOf(connection, root)) })
}

async function runOptOut(connection: Connection): Promise<void> {
  const { config, l1, contracts } = connection
  const root = config.need<Hash>('operator')
  await statusOf(connection, root)
  print(await optOut(l1, contracts, { owner: await ownerOf(connection), root }))
}

async function statusOf({ l1, contracts }: Connection, root: Hash): Promise<OperatorStatus> {
  const status = await readOperator(l1, contracts, root)
  if (status === undefined)
    throw new CriticalError(`no operator ${root} is registered in ${contracts.registry}`)
  return status
}

async function ownerOf({ config, l1, l1Url }: Connection): Promise<Owner> {
  const path = config.need<string>('owner.key-file')
  return createOwner(l1, l1Url, await readKeyFile(path, 'owner.key-file', loggerOf(config)))
}

async function readRegistrations(config: Config): Promise<Registrations> {
  const path = config.need<string>('registrations')
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CriticalError(`${path} (--registrations) cannot be read`, { cause })
  })
  return parseRegistrations(parseJson(text, path))
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new CriticalError(`${path} (--registrations) is no valid JSON`, { cause })
  }
}

function timeOf(seconds: bigint): string {
  return new Date(Number(seconds) * 1000).toISOString()
}

/** Amounts in ether with their unit in the name, other integers as numbers: this is for people and scripts, not for contracts. */
function print(value: object): void {
  const shown = (_key: string, item: unknown) => (typeof item === 'bigint' ? Number(item) : item)
  const amounts = Object.fromEntries(
    Object.entries(value).map(([key, item]) =>
      key.endsWith('Wei') && typeof item === 'bigint'
        ? [key.replace(/Wei$/, 'Ether'), formatEther(item)]
        : [key, item],
    ),
  )
  console.log(JSON.stringify(amounts, shown, 2))
}
