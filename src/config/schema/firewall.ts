import { z } from 'zod'
import { hostRoles } from '../names.ts'
import { flag, port, text } from './scalars.ts'

const octet = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'

/** An IPv4 address or range. The checks across keys verify that a range is written with its first address. */
const source = text(
  new RegExp(`^${octet}(\\.${octet}){3}(/(3[0-2]|[12]?\\d))?$`),
  'an IPv4 address or a range in CIDR notation, e.g. 192.0.2.5 or 192.0.2.0/24',
)

const extraPortSchema = z.strictObject({
  port: port.describe('Port, or the first of a range.'),
  endPort: port.describe('The last port of a range, as in a NetworkPolicy.').optional(),
  protocol: z.enum(['tcp', 'udp']).describe('`tcp` or `udp`.').default('tcp'),
  from: z
    .array(source)
    .min(1, { error: 'at least one address or range' })
    .describe('Addresses and ranges that get in; `0.0.0.0/0` is all of IPv4.')
    .default(['0.0.0.0/0']),
  roles: z.array(z.enum(hostRoles)).describe('Hosts that open it. Default: all.').optional(),
})

/** `spec.firewall` */
export const firewallSchema = z.strictObject({
  manage: flag
    .describe(
      'Whether the ports that the cluster needs are opened on hosts where ufw, firewalld, nftables or iptables keeps ' +
        'packets out, for the addresses that need them, in rules of their own before those that are there. No firewall ' +
        'is switched on, no default and no rule of yours is changed. IPv4 only; outgoing traffic is left to you. With ' +
        '`false`, what was opened before stays as it is.',
    )
    .default(true),
  apiFrom: z
    .array(source)
    .describe(
      'Addresses and ranges outside of the cluster that reach the API servers, e.g. where kubectl is run. Hosts and ' +
        'pods of the cluster always do. Default: none; with `controlPlane.endpoint` all (`0.0.0.0/0`), because the ' +
        'addresses that a load balancer connects from are not known.',
    )
    .optional(),
  nodePortsFrom: z
    .array(source)
    .describe(
      'Addresses and ranges outside of the cluster that reach services of type NodePort. It only opens: kube-proxy lets ' +
        'everybody in where the firewall is ufw, firewalld or iptables, and Cilium in the place of kube-proxy takes such ' +
        'packets before any firewall sees them. Pods themselves stay closed to them: only packets whose destination was ' +
        'translated are forwarded (of NodePorts, load balancer addresses and host ports). Where pods have routed addresses, ' +
        'let them in with a rule of your own.',
    )
    .default(['0.0.0.0/0']),
  extraPorts: z.array(extraPortSchema).describe('More ports to open.').default([]),
})
