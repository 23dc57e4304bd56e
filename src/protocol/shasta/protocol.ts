/** Shasta, and Unzen as far as it goes: it decodes and checks alike with its own block limit, and refuses to be built. */
import type { Protocol } from '../protocol.ts'
import { buildAttributes } from './attributes.ts'
import { decodeSource } from './manifest.ts'
import { decodeProposal } from './proposals.ts'
import { checkSource } from './rules.ts'

export const shastaProtocol: Protocol = { decodeProposal, decodeSource, checkSource, buildAttributes }
