import type { ErrorDetails } from '../../core/error-details.ts'
import type { Step, StepFailure } from '../../core/resource.ts'
import { rolloutFailure, rolloutScript } from '../api/index.ts'
import { kubeletMark } from '../kubelet/index.ts'
import { kubeadmApi } from './api-access.ts'
import { otherRecord } from './cluster-record.ts'
import { etcdStays } from './newer-etcd.ts'
import { explainNotSpared } from './spared-member.ts'
import { kubeletGivenUp } from './watch.ts'

/**
 * Explains the failure of a step that runs kubeadm: what is wrong, and what to do. `command`: what the step runs in the first
 * place, if that is not the first kubeadm in its script. Undefined for a step that runs no kubeadm, e.g. one that waits for
 * an API server.
 */
export function explainKubeadm(
  failure: StepFailure,
  step: Step | undefined,
  command?: string,
): ErrorDetails | undefined {
  if (step === undefined || !('run' in step)) return undefined
  if (step.run === proxyRollout) return rolloutFailure('kube-proxy', 'kube-system', failure)
  if (failure.stderr.includes(otherRecord)) return otherChange
  const notSpared = explainNotSpared(failure.stderr)
  if (notSpared !== undefined) return notSpared
  const found = kubeadmCommand.exec(step.run)?.[1]
  return found === undefined ? undefined : kubeadmFailure(failure, command ?? found)
}

const proxyRollout = rolloutScript(kubeadmApi, 'kube-system', 'kube-proxy')

// Command and first subcommand.
const kubeadmCommand = /\bkubeadm ((?:init|join|upgrade|certs|config)(?: [a-z]+)?)\b/

const otherChange: ErrorDetails = {
  problem: 'The cluster has a record of another change, which could not be read while its API server did not answer.',
  next: 'Run evcctl apply again: it compares cluster.yaml with that record.',
}

function kubeadmFailure(failure: StepFailure, verb: string): ErrorDetails {
  const [said = '', evidence = ''] = failure.stderr.split(kubeletMark)
  const problems = [...said.matchAll(/\[ERROR (\w[\w./-]*)\]: (.*)/g)].map(match => ({
    check: match[1]!,
    text: match[2]!,
  }))
  if (problems.length > 0) return preflight(problems, verb)
  if (failure.exitCode === 124) {
    return { problem: `kubeadm ${verb} took too long and was ended.`, actual: lastLines(said, evidence), next: journal }
  }
  if (/status "Ready" already exists in the cluster/.test(said)) {
    return {
      problem: 'Another machine with this node name is in the cluster already, and it is Ready.',
      actual: lastLines(said, ''),
      next: 'Give this host another name in cluster.yaml, or remove the other node first: kubeadm reset on that machine, then kubectl delete node <name>',
    }
  }
  const lastWords = said.split('\n').find(line => line.startsWith(kubeletGivenUp))
  if (lastWords !== undefined) {
    return {
      problem: `The kubelet cannot start during kubeadm ${verb}.`,
      actual: lastWords.slice(kubeletGivenUp.length),
      next: `Correct it in cluster.yaml (spec.kubernetes.kubeletConfiguration, nodeRegistration) or on the host (/etc/default/kubelet, drop-ins of kubelet.service), then apply again. ${journal}`,
    }
  }
  if (/kubelet (is not healthy|was not healthy|check failed)|the kubelet to (start|boot up)/i.test(said)) {
    return {
      problem: `The kubelet does not become healthy during kubeadm ${verb}.`,
      actual: lastLines(said, evidence),
      next: journal,
    }
  }
  if (/does not come up with its new arguments/.test(said)) {
    const runs = said.includes(etcdStays)
      ? 'API server, controller manager and scheduler have their former settings again, etcd its new version.'
      : 'it runs with its former settings again.'
    return {
      problem: `A part of the control plane does not start with the settings of cluster.yaml; ${runs}`,
      actual: lastLines(said, evidence),
      next: 'Correct spec.kubernetes.clusterConfiguration, then apply again.',
    }
  }
  if (/control plane component|kube-apiserver is not healthy|wait-control-plane/i.test(said)) {
    return { problem: 'The control plane does not start.', actual: lastLines(said, evidence), next: podLogs }
  }
  return { problem: `kubeadm ${verb} failed.`, actual: lastLines(said, evidence), next: journal }
}

const journal = 'See more on the host: journalctl -u kubelet -n 100 --no-pager'
const podLogs =
  'See more on the host: tail /var/log/pods/kube-system_*/*/*.log; journalctl -u kubelet -n 100 --no-pager'

function preflight(problems: readonly { readonly check: string; readonly text: string }[], verb: string): ErrorDetails {
  const images = problems.some(({ check }) => check.startsWith('ImagePull'))
  const port = problems.find(({ check }) => /^Port-\d{1,5}$/.test(check))
  const advice = `Fix the cause, or ignore the check in cluster.yaml: spec.kubernetes.ignorePreflightErrors: [${problems.map(({ check }) => check).join(', ')}]`
  return {
    problem: `kubeadm ${verb} refuses this host.`,
    actual: problems.map(({ check, text }) => `${check}: ${text}`).join('\n'),
    next: images
      ? 'Check that the host can reach the registry, or set one of spec.images.registry, spec.runtime.registryMirrors or spec.images.archives'
      : port !== undefined
        ? `See what uses it on the host: ss -ltnp 'sport = :${port.check.slice('Port-'.length)}'`
        : advice,
  }
}

function lastLines(said: string, evidence: string): string {
  const lines = said
    .split('\n')
    .filter(line => line.trim() !== '' && !/^To see the stack trace|^\s*(- |'|\t)/.test(line))
  return [lines.slice(-6).join('\n'), evidence.trim()].filter(text => text !== '').join('\n')
}
