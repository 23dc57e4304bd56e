// Compiles the contracts and writes contracts/artifacts/: {abi, bytecode, deployedBytecode} of each, and the devnet's L2 genesis.
//   node contracts/build.mjs [--l2-chain-id N] [--l1-chain-id N] [--l1-bridge ADDRESS]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runForge } from './forge.mjs'
import { buildDevnetGenesis, DEVNET_L1_BRIDGE, DEVNET_L1_CHAIN_ID, DEVNET_L2_CHAIN_ID } from './genesis.mjs'

const L1_CONTRACTS = [
  ...['Inbox', 'AttestationVerifier', 'CheckpointStore', 'Bridge'],
  ...['OpenSchedule', 'WhitelistSchedule', 'LookaheadSchedule', 'ValidatorMap'],
  ...['ProposerRegistry', 'PreconfSlasher'],
]
/** Store and bridge run on both layers, compiled for each. */
const L2_CONTRACTS = { Anchor: 'Anchor', L2CheckpointStore: 'CheckpointStore', L2Bridge: 'Bridge' }

const { values } = parseArgs({
  options: {
    'l2-chain-id': { type: 'string', default: String(DEVNET_L2_CHAIN_ID) },
    'l1-chain-id': { type: 'string', default: String(DEVNET_L1_CHAIN_ID) },
    'l1-bridge': { type: 'string', default: DEVNET_L1_BRIDGE },
  },
})
function readChainId(name) {
  const chainId = Number(values[name])
  if (!Number.isSafeInteger(chainId) || chainId < 1) throw new Error(`--${name} ${values[name]} is no chain id`)
  return chainId
}
const chainId = readChainId('l2-chain-id')
const l1 = { chainId: readChainId('l1-chain-id'), bridge: values['l1-bridge'].toLowerCase() }
if (!/^0x[0-9a-f]{40}$/.test(l1.bridge)) throw new Error(`--l1-bridge ${l1.bridge} is no address`)

const artifacts = join(import.meta.dirname, 'artifacts')
mkdirSync(artifacts, { recursive: true })
const write = (name, value) => writeFileSync(join(artifacts, `${name}.json`), `${JSON.stringify(value, null, 2)}\n`)

function compile(profile, layer) {
  const { succeeded, output } = runForge(profile, ['build', `src/${layer}`, 'src/shared'])
  if (succeeded) return
  process.stderr.write(output)
  process.exit(1)
}

function readArtifact(layer, contract) {
  const path = join(import.meta.dirname, 'out', layer, `${contract}.sol`, `${contract}.json`)
  const { abi, bytecode, deployedBytecode } = JSON.parse(readFileSync(path, 'utf8'))
  return { abi, bytecode: bytecode.object, deployedBytecode: deployedBytecode.object }
}

compile('default', 'l1')
for (const name of L1_CONTRACTS) write(name, readArtifact('l1', name))

compile('l2', 'l2')
const l2 = {}
for (const [name, contract] of Object.entries(L2_CONTRACTS)) {
  l2[name] = readArtifact('l2', contract)
  write(name, l2[name])
}

write(
  'devnet-genesis',
  await buildDevnetGenesis({
    chainId,
    l1,
    anchor: l2.Anchor,
    checkpointStore: l2.L2CheckpointStore,
    bridge: l2.L2Bridge,
  }),
)
