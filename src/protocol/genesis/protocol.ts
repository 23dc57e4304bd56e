import type { Protocol } from '../protocol.ts'
import { buildAttributes } from './attributes.ts'
import { decodeSource } from './manifest.ts'
import { decodeProposal } from './proposals.ts'
import { checkSource } from './rules.ts'

export const genesisProtocol: Protocol = { decodeProposal, decodeSource, checkSource, buildAttributes }
