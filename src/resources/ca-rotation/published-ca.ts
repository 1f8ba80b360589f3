import { askingProbeMs } from '../../core/limits.ts'
import { isUnknown, type Output } from '../../core/output.ts'
import type { Change, Resource, Step } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { type Answer, kubectl, notAnswered, parseAnswer } from '../api/index.ts'
import { kubeadmApi, printText } from '../kubeadm/index.ts'
import { hasSameCertificates } from '../pki/index.ts'

/** How long the controller manager may take to write the ConfigMaps of all namespaces, s. */
const publishingSeconds = 180

/** The ConfigMap with the CAs that pods of a namespace trust. Each namespace has one. */
const name = 'kube-root-ca.crt'

// A line for each namespace: its name and its text, in quotes. The controller manager cannot write where somebody has made it immutable,
// which is the affair of that namespace.
const row =
  '{{if not .immutable}}{{.metadata.namespace}} {{with .data}}{{with index . "ca.crt"}}{{printf "%q" .}}{{else}}""{{end}}{{else}}""{{end}}{{"\\n"}}{{end}}'

/** How many namespaces with the same text are named. */
const mostNamed = 3

// A line for each different text: how many namespaces have it, which these are, and the text. Most clusters have one, however many namespaces.
const grouped = quote(`NF {
  space = $1
  sub(/^[^ ]* /, "")
  if (++count[$0] <= ${mostNamed}) names[$0] = names[$0] (count[$0] > 1 ? "," : "") space
}
END { for (text in count) print count[text], names[text], text }`)

// A failure of kubectl fails the assignment that this stands in, which a pipe would hide.
const texts = `${kubectl(kubeadmApi)} get configmaps --all-namespaces --field-selector metadata.name=${name} -o go-template='{{range .items}}${row}{{end}}' </dev/null`

const probeScript = `if [ ! -s ${kubeadmApi.adminConf} ] || ${kubeadmApi.unfinished}; then echo api=absent; exit 0; fi
if texts=$(timeout 12 ${texts}); then
  echo api=answered
  printf '%s\\n' "$texts" | awk ${grouped} | sort
else echo api=unreachable; fi
`

/**
 * All namespaces have these CAs for their pods. The controller manager writes them when it starts, one that was started before may
 * write its own once more; this waits for it. Pods are given the new text within two minutes, and read it when they like.
 * `words`: the CAs in words, for the plan.
 */
export function publishedCa(
  trusted: Output<readonly string[]>,
  words: string,
): Resource<Answer, { readonly trusted: readonly string[] }> {
  return {
    kind: 'published CA',
    name,
    title: `${name} of all namespaces`,
    probe: { script: probeScript, timeoutMs: askingProbeMs, parse: parseAnswer },
    desired: { trusted },
    diff(current, desired): Change | undefined {
      if (current.api === 'absent') return undefined
      if (current.api === 'unreachable') return notAnswered(current)
      const wanted = isUnknown(desired.trusted) ? undefined : desired.trusted.join('\n')
      const others = textsIn(current.text).filter(
        ({ text }) => wanted === undefined || !hasSameCertificates(text, wanted),
      )
      const number = others.reduce((sum, { namespaces }) => sum + namespaces, 0)
      if (number === 0) return undefined
      const named = others.flatMap(({ names }) => names).slice(0, mostNamed)
      const more = number > named.length ? ', …' : ''
      const before = `${number} ${number === 1 ? 'namespace has' : 'namespaces have'} others: ${named.join(', ')}${more}`
      return {
        action: 'run',
        fields: [{ field: 'ca.crt', before, after: words }],
        note: 'the controller manager writes it',
      }
    },
    converge: (_current, desired): readonly Step[] => [
      { run: waitScript(desired.trusted), timeoutMs: (publishingSeconds + 60) * 1000 },
    ],
    explain: ({ stderr, stdout }) => ({
      problem: 'Not all namespaces have the CAs that their pods are to trust.',
      actual: stderr.trim() || stdout.trim(),
      next: `See why: kubectl --namespace kube-system logs --selector component=kube-controller-manager
It also makes a ConfigMap anew that is deleted: kubectl --namespace NAMESPACE delete configmap ${name}`,
    }),
  }
}

interface PublishedText {
  readonly namespaces: number
  /** Some of them. */
  readonly names: readonly string[]
  readonly text: string
}

function textsIn(answer: string): readonly PublishedText[] {
  return answer.split('\n').flatMap(line => {
    const [, number, names, text] = /^(\d{1,9}) ([a-z\d,-]{1,300}) "(.*)"$/.exec(line) ?? []
    if (number === undefined) return []
    return [{ namespaces: Number(number), names: names!.split(','), text: text!.replaceAll('\\n', '\n') }]
  })
}

// Lines with `+` and a namespace that has the CAs, or has had them in this wait, and with `-` and one that has not. It reads the texts that
// are right (`=`), the namespaces of before (`+`), and what each namespace has now.
const compared = quote(`$1 == "=" { right[substr($0, 3)]; next }
$1 == "+" { before[$2]; next }
NF {
  space = $1
  sub(/^[^ ]* /, "")
  print (($0 in right) || (space in before) ? "+" : "-"), space
}`)

// A namespace is compared by the lines of its text, in whichever order the CAs are. Once it was right, it is done: who may write in it can
// write there what he likes, and holds up nobody else.
function waitScript(trusted: readonly string[]): string {
  const lines = trusted.map(pem => pem.trimEnd()).join('\n')
  return `wanted=$(${printText(`${lines}\n`)} | sort)
before= others=all end=$(( $(date +%s) + ${publishingSeconds} ))
while :; do
  if texts=$(${texts}); then
    right=$(printf '%s\\n' "$texts" | sed 's/^[^ ]* //' | sort -u | while read -r text; do
      text=\${text#?}
      text=\${text%?}
      if [ "$(printf '%b' "$text" | grep . | sort)" = "$wanted" ]; then printf '= "%s"\\n' "$text"; fi
    done)
    all=$(printf '%s\\n' "$right" "$before" "$texts" | awk ${compared})
    before=$(printf '%s\\n' "$all" | grep '^+') || :
    others=$(printf '%s\\n' "$all" | sed -n 's/^- //p')
    if [ -z "$others" ]; then break; fi
  fi
  if [ "$(date +%s)" -ge "$end" ]; then
    echo "namespaces with other CAs: $(printf '%s\\n' "$others" | head -n 20 | tr '\\n' ' ')" >&2
    exit 1
  fi
  echo 'waiting until the controller manager has written the CAs of all namespaces'
  sleep 1
done
`
}
