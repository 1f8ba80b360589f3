import { readFileSync } from 'node:fs'
import handlebars from 'handlebars'

const compiled = new Map<string, (values: object) => string>()

/** Renders the template with this name. */
export type Templates = (name: string, values: object) => string

/**
 * The Handlebars templates in the folder `templates` beside a role, whose `import.meta.url` is given:
 * `templatesOf(import.meta.url)('nginx-proxy.conf', {…})` renders `templates/nginx-proxy.conf.hbs`. Nothing is escaped,
 * because the output is no HTML. A name that `values` lacks is an error instead of an empty text.
 */
export function templatesOf(role: string): Templates {
  return (name, values) => {
    const url = new URL(`templates/${name}.hbs`, role)
    let template = compiled.get(url.href)
    if (template === undefined) {
      template = handlebars.compile(readFileSync(url, 'utf8'), { noEscape: true, strict: true })
      compiled.set(url.href, template)
    }
    return template(values)
  }
}
