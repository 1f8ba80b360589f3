import { describe, expect, test } from 'vitest'
import { UserError } from '../../src/core/errors.ts'
import { parseNodes } from '../../src/local/nodes.ts'

describe('parseNodes', () => {
  test.each([
    ['1', ['cp1'], []],
    ['1+2', ['cp1'], ['w1', 'w2']],
    ['3+0', ['cp1', 'cp2', 'cp3'], []],
    [' 3+1 ', ['cp1', 'cp2', 'cp3'], ['w1']],
  ])('reads %j as control plane nodes and workers', (text, controlPlanes, workers) => {
    expect(parseNodes(text)).toEqual([
      ...controlPlanes.map(name => ({ name, roles: ['control-plane'] })),
      ...workers.map(name => ({ name, roles: ['worker'] })),
    ])
  })

  test.each(['', '0', '0+2', '+2', '1+', '1-2', '1+2+3+4', 'one', '-1', '1.5', '99+2', '1000'])(
    'refuses %j and says what it takes',
    text => {
      const refused = () => parseNodes(text)
      expect(refused).toThrow(UserError)
      expect(refused).toThrow(/expected {2}control plane nodes.*\n.*actual {4}".*\n.*evcctl local up --nodes 1\+2/)
    },
  )
})
