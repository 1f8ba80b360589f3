import { expect, test } from 'vitest'
import { archiveName, imageRecipes, testImage } from './images.ts'

const recipes = imageRecipes({
  kubernetes: 'v1.36.4',
  pause: '3.10.2',
  etcd: '3.6.8-0',
  coredns: 'v1.14.2',
  flannel: 'v0.28.4',
})

test('the names are those that `kubeadm config images list` of 1.36.4 prints, flannel and the test image', () => {
  expect(recipes.map(recipe => recipe.ref).sort()).toEqual([
    testImage,
    'ghcr.io/flannel-io/flannel:v0.28.4',
    'registry.k8s.io/coredns/coredns:v1.14.2',
    'registry.k8s.io/etcd:3.6.8-0',
    'registry.k8s.io/kube-apiserver:v1.36.4',
    'registry.k8s.io/kube-controller-manager:v1.36.4',
    'registry.k8s.io/kube-proxy:v1.36.4',
    'registry.k8s.io/kube-scheduler:v1.36.4',
    'registry.k8s.io/pause:3.10.2',
  ])
})

test('worker nodes are spared what they never run', () => {
  const spared = recipes.filter(recipe => recipe.controlPlaneOnly).map(recipe => archiveName(recipe.ref, 'amd64'))
  expect(spared).toEqual([
    'kube-apiserver-v1.36.4-amd64.tar',
    'kube-controller-manager-v1.36.4-amd64.tar',
    'kube-scheduler-v1.36.4-amd64.tar',
    'etcd-3.6.8-0-amd64.tar',
  ])
})

test('what changes packet filters has the tools for it', () => {
  const onBase = recipes.filter(recipe => recipe.root === 'base').map(recipe => archiveName(recipe.ref, 'arm64'))
  expect(onBase).toEqual(['kube-proxy-v1.36.4-arm64.tar', 'flannel-v0.28.4-arm64.tar', 'busybox-1-arm64.tar'])
})
