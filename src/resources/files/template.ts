import { readFileSync } from 'node:fs'
import handlebars from 'handlebars'

const compiled = new Map<string, (values: object) => string>()

/**
 * Renders a Handlebars template that lies beside a role: `renderTemplate(new URL('templates/x.hbs', import.meta.url), {…})`.
 * Nothing is escaped (it is no HTML), and a name that `values` does not have is an error instead of an empty text.
 */
export function renderTemplate(url: URL, values: object): string {
  let template = compiled.get(url.href)
  if (template === undefined) {
    template = handlebars.compile(readFileSync(url, 'utf8'), { noEscape: true, strict: true })
    compiled.set(url.href, template)
  }
  return template(values)
}
