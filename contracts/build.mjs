// Compiles the contracts and writes contracts/artifacts/: {abi, bytecode, deployedBytecode} of each, and the devnet's L2 genesis.
//   node contracts/build.mjs [--l2-chain-id N]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runForge } from './forge.mjs'
import { buildDevnetGenesis, DEVNET_L2_CHAIN_ID } from './genesis.mjs'

const L1_CONTRACTS = ['Inbox', 'OpenSchedule', 'WhitelistSchedule', 'AttestationVerifier', 'CheckpointStore']
/** The store runs on both layers, compiled for each. */
const L2_CONTRACTS = { Anchor: 'Anchor', L2CheckpointStore: 'CheckpointStore' }

const { values } = parseArgs({ options: { 'l2-chain-id': { type: 'string' } } })
const chainId = Number(values['l2-chain-id'] ?? DEVNET_L2_CHAIN_ID)
if (!Number.isSafeInteger(chainId) || chainId < 1) throw new Error(`--l2-chain-id ${values['l2-chain-id']} is no chain id`)

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

write('devnet-genesis', await buildDevnetGenesis({ chainId, anchor: l2.Anchor, checkpointStore: l2.L2CheckpointStore }))
