import { needRules } from './need-rules.ts'
import { pathRules } from './path-rules.ts'
import { payloadRules } from './payload-rules.ts'
import type { Rule } from './rule.ts'
import { shapeRules } from './shape-rules.ts'

/** All rules in the order in which they are asked: what the path lets through, what it is for, bytes, rates. */
export const rules: readonly Rule[] = [...pathRules, ...needRules, ...payloadRules, ...shapeRules]
