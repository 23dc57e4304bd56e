/** Shasta and what came after it: one family, with numbers by fork (spec/forks.ts). */
import type { Protocol } from '../protocol.ts'
import { buildAttributes } from './attributes.ts'
import { decodeSource } from './manifest.ts'
import { decodeProposal } from './proposals.ts'
import { checkSource } from './rules.ts'

export const shastaProtocol: Protocol = { decodeProposal, decodeSource, checkSource, buildAttributes }
