import { styleText } from 'node:util'

/** The colours of all human-readable output. Colour is only an aid: the words carry the meaning. */
export interface Paint {
  readonly strong: (text: string) => string
  readonly faint: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly changed: (text: string) => string
  readonly active: (text: string) => string
}

/** The colours, or none at all. */
export function createPaint(colour: boolean): Paint {
  const style = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    colour && text !== '' ? styleText(format, text, { validateStream: false }) : text
  return {
    strong: style('bold'),
    faint: style('dim'),
    good: style('green'),
    bad: style('red'),
    changed: style('yellow'),
    active: style('cyan'),
  }
}

/** Whether to colour what goes to a stream: NO_COLOR (no-color.org) and TERM=dumb say no, FORCE_COLOR says yes. */
export function wantsColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '') return env.FORCE_COLOR !== '0'
  return stream.isTTY === true && env.TERM !== 'dumb'
}
