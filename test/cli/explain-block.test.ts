import { describe, expect, it } from 'vitest'
import { explainBlock } from '../../src/cli/tail/explain-block.ts'

describe('explainBlock', () => {
  it('explains data: on the line of event:', () => {
    expect(explainBlock(['event: new_order data: {"id": 123, "total": 45.99}'])).toBe(
      [
        'Nothing is dispatched for this block: "data:" stands inside the value of "event:", which goes to the end of its line.',
        '    event: new_order data: {"id": 123, "total": 45.99}',
        '  "data:" must start a line of its own:',
        '    event: new_order',
        '    data: {"id": 123, "total": 45.99}',
      ].join('\n'),
    )
  })

  it.each([
    [['id: 7 data: x'], '"data:" stands inside the value of "id:"'],
    [['retry: 500 data:x'], '"data:" stands inside the value of "retry:"'],
    [['event: x'], 'it has no "data:" line.\n    event: x\n  Write one, if only an empty one: "data:".'],
    [
      ['event: x', ' data: 1'],
      '" data" is no field: names are in lower case, and start their line without a space.',
    ],
    [['Data: 1'], '"Data" is no field'],
    [['{"id":1}'], 'Write "data: {"id":1}".'],
    [['event: x', '{"id":1}'], 'a line of it starts with no field.'],
    [
      ['id: 7'],
      'it only sets the id to resume from, and has no "data:" line. That is right if it is meant so.',
    ],
    [['retry: 500'], 'it only sets the time before a reconnection'],
  ])('explains %j', (lines, explanation) => {
    expect(explainBlock(lines)).toContain(explanation)
  })
})
