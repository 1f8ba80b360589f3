import { z } from 'zod'
import { port, text } from './scalars.ts'

/** `spec.controlPlane` */
export const controlPlaneSchema = z.strictObject({
  endpoint: text(
    /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?):\d{1,5}$/,
    'host:port of a load balancer',
  )
    .describe(
      'Address and port of an external load balancer in front of the API servers, which passes TLS on as it is. Every ' +
        'node has to reach it before anything is written. Then there is no local proxy. ' +
        'Default: a proxy on a loopback port of every node.',
    )
    .optional(),
  localProxy: z
    .enum(['nginx', 'haproxy'])
    .describe(
      'The TCP proxy that runs on every node when there is no endpoint. `nginx` notices by failed connections that an API ' +
        'server is gone; `haproxy` also asks each for /readyz every 3 s, and closes connections to one that is gone.',
    )
    .default('nginx'),
  localProxyPort: port.describe('Loopback port that the local proxy listens on.').default(7443),
  bindPort: port.describe('Port of kube-apiserver on the control plane nodes.').default(6443),
  extraSANs: z
    .array(
      text(
        /^((\*\.)?[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$/,
        'an IP address or a DNS name, e.g. api.example.com or *.example.com',
      ),
    )
    .describe("More addresses and names that kube-apiserver's certificate is valid for.")
    .default([]),
})
