/** A Deployment of two replicas on two nodes, its Service, and a client pod a node, all of the kit's busybox image. */
export function workload(image: string): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: DoNotSchedule
          labelSelector: { matchLabels: { app: web } }
      containers:
        - name: web
          image: ${image}
          imagePullPolicy: IfNotPresent
          command: [/bin/sh, -c, 'mkdir -p /www && hostname >/www/index.html && exec /bin/busybox httpd -f -p 8080 -h /www']
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ port: 80, targetPort: 8080 }]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: client }
spec:
  selector: { matchLabels: { app: client } }
  template:
    metadata: { labels: { app: client } }
    spec:
      containers:
        - { name: client, image: '${image}', imagePullPolicy: IfNotPresent, command: [/bin/sh, -c, 'exec sleep 100000'] }
`
}
