import { parseAst } from 'vitest/node'

/** A node of a syntax tree; of the many kinds only what is looked at here has a name. */
interface Node {
  readonly type: string
  readonly start: number
  readonly [field: string]: unknown
}

interface Source {
  readonly nodes: readonly Node[]
  /** The initial values of variables, by their name. */
  readonly values: ReadonlyMap<string, readonly Node[]>
  /** The functions that have a parameter of this name. */
  readonly takers: ReadonlyMap<string, readonly Node[]>
}

/**
 * The lines of a test that hand a resource, or a helper that does so, a state that is written down in the test instead of
 * being read by the probe's parser. A state is followed through the variables, functions and parameters of the file.
 */
export function madeUpStates(text: string): readonly string[] {
  // Most tests have none of them, and need not be parsed.
  if (!/\.(diff|converge)\(|\bcompare\(/.test(text)) return []
  const source = read(parseAst(text, { lang: 'ts' }) as unknown as Node)
  return source.nodes.flatMap(node => {
    const state = stateHanded(node)
    if (state === undefined || !isMadeUp(state, source, new Set())) return []
    return [`${text.slice(0, node.start).split('\n').length}: ${text.slice(node.start).split('\n')[0]}`]
  })
}

/** The state in `resource.diff(state, …)`, `resource.converge(state, …)` and `compare(resource, state)`. */
function stateHanded({ type, callee, arguments: given }: Node): Node | undefined {
  if (type !== 'CallExpression') return undefined
  const [first, second] = given as readonly Node[]
  const { name, property } = callee as Node
  if (name === 'compare') return second
  const method = (property as Node | undefined)?.name
  return second !== undefined && (method === 'diff' || method === 'converge') ? first : undefined
}

function isMadeUp(node: Node, source: Source, seen: Set<Node>): boolean {
  if (seen.has(node)) return false
  seen.add(node)
  const isOne = (other: unknown) => isMadeUp(other as Node, source, seen)
  switch (node.type) {
    case 'ObjectExpression':
    case 'ArrayExpression':
    case 'Literal':
      return true
    case 'Identifier':
      if (node.name === 'undefined') return true
      return [...(source.values.get(node.name as string) ?? []), ...handedTo(node.name as string, source)].some(isOne)
    case 'MemberExpression':
      return fieldsOf(node.object as Node, source).some(isOne)
    case 'CallExpression': {
      const { type, name } = node.callee as Node
      return type === 'Identifier' && (source.values.get(name as string) ?? []).flatMap(resultsOf).some(isOne)
    }
    case 'ConditionalExpression':
      return isOne(node.consequent) || isOne(node.alternate)
    case 'AwaitExpression':
      return isOne(node.argument)
    case 'TSAsExpression':
    case 'TSNonNullExpression':
    case 'ParenthesizedExpression':
      return isOne(node.expression)
    default:
      return false
  }
}

/** The values of an object that is written down in this file. */
function fieldsOf(node: Node, { values }: Source): readonly Node[] {
  const made = node.type === 'Identifier' ? (values.get(node.name as string) ?? []) : []
  return made
    .flatMap(value => (value.type === 'ObjectExpression' ? (value.properties as readonly Node[]) : []))
    .flatMap(property => (property.type === 'Property' ? [property.value as Node] : []))
}

/** What the calls in this file hand to the parameters of this name. */
function handedTo(name: string, { nodes, values, takers }: Source): readonly Node[] {
  return (takers.get(name) ?? []).flatMap(taker => {
    const index = (taker.params as readonly Node[]).findIndex(param => param.name === name)
    return nodes.flatMap(({ type, callee, arguments: given }) => {
      if (type !== 'CallExpression' || (callee as Node).type !== 'Identifier') return []
      const isCalled = values.get((callee as Node).name as string)?.includes(taker)
      const argument = (given as readonly Node[])[index]
      return isCalled && argument !== undefined ? [argument] : []
    })
  })
}

function resultsOf(made: Node): readonly Node[] {
  const body = made.body as Node | undefined
  if (!/Function/.test(made.type) || body === undefined) return []
  if (body.type !== 'BlockStatement') return [body]
  return (body.body as readonly Node[]).flatMap(({ type, argument }) =>
    type === 'ReturnStatement' && argument ? [argument as Node] : [],
  )
}

function read(program: Node): Source {
  const nodes = [...all(program)]
  const values = nodes.flatMap(node => {
    if (node.type === 'VariableDeclarator' && node.init) return [[(node.id as Node).name, node.init]] as const
    return node.type === 'FunctionDeclaration' ? [[(node.id as Node).name, node] as const] : []
  })
  const takers = nodes.flatMap(node =>
    /Function/.test(node.type) && Array.isArray(node.params)
      ? node.params.map(param => [param.name, node] as const)
      : [],
  )
  return { nodes, values: byName(values), takers: byName(takers) }
}

function byName(named: readonly (readonly [unknown, unknown])[]): ReadonlyMap<string, readonly Node[]> {
  const groups = Map.groupBy(named, ([name]) => name as string)
  return new Map([...groups].map(([name, group]) => [name, group.map(([, node]) => node as Node)]))
}

function* all(value: unknown): Iterable<Node> {
  if (Array.isArray(value)) for (const one of value) yield* all(one)
  else if (typeof value === 'object' && value !== null) {
    if ('type' in value) yield value as Node
    for (const field of Object.values(value)) yield* all(field)
  }
}
