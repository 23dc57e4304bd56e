/**
 * The consensus client: one process with all validators, no peers, and no fork choice but what it is told.
 * Takes its options as JSON in the first argument; says where it serves in its first line of output.
 */
import { serveBeaconApi } from './api/server.mjs'
import { createChain } from './chain.mjs'
import { createChainSpec } from './chainSpec.mjs'
import { createClockDriver, createManualDriver } from './drivers.mjs'
import { createEngine } from './engine.mjs'
import { createGenesis } from './genesis.mjs'
import { createKeys } from './keys.mjs'

const { engineUrl, chainId, genesisTime, secondsPerSlot, validators, mode } = JSON.parse(process.argv[2])

const engine = createEngine(engineUrl)
const keys = createKeys(validators)
const genesis = createGenesis({
  chainSpec: createChainSpec({ chainId, secondsPerSlot }),
  publicKeys: keys.publicKeys,
  genesisTime,
  executionGenesis: await engine.genesisBlock(),
})
const chain = createChain({ engine, keys, genesis })
const driver =
  mode === 'clock' ? createClockDriver(chain, { genesisTime, secondsPerSlot }) : createManualDriver(chain)
console.log(JSON.stringify({ beaconUrl: await serveBeaconApi(chain, driver) }))
