// From these variables, curl, apt and the libraries of Go take the proxies for downloads. curl does not read HTTP_PROXY.
const proxyVariables = [
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
]

/**
 * Environment of all that runs on a host: fixed language, sane PATH, root's home, known umask and folder, no proxy. Nodes
 * talk to each other without one, and kubeadm writes every variable whose name ends in `_proxy`, also ftp_proxy, into the
 * manifests of the control plane (cmd/kubeadm/app/util/env.go). Only downloads ask for what the host has set, by
 * `evcctl_proxies`. Each line is a command of its own, so that they may also stand in one.
 */
export const environment = `LC_ALL=C
${proxyVariables.map(name => `evcctl_${name}=\${${name}:-}`).join(' ')}
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\${PATH:+:$PATH}
HOME=~root
export LC_ALL PATH HOME
case $(export -p) in *[Pp][Rr][Oo][Xx][Yy]=*) for evcctl_name in $(env | sed -n 's/^\\([A-Za-z_][A-Za-z0-9_]*[Pp][Rr][Oo][Xx][Yy]\\)=.*/\\1/p'); do unset "$evcctl_name"; done ;; esac
umask 022
cd /`

/** `evcctl_proxies`, for subshells that download: the proxies of the host's own environment. */
export const proxiesFunction = `evcctl_proxies() {
${proxyVariables.map(name => `  [ -z "$evcctl_${name}" ] || export ${name}="$evcctl_${name}"`).join('\n')}
  :
}`

/** A line of a step that makes the proxies of the host's environment count from here on; nothing where there are none. */
export const withProxies = 'if command -v evcctl_proxies >/dev/null; then evcctl_proxies; fi'
