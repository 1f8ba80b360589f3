// Prints the fields of kubeadm's, the kubelet's and kube-proxy's configuration documents as JSON, from the Go types of the
// Kubernetes version that this module is built with: {"documents": {kind: type}, "types": {type: {field: type}}}.
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"

	kubeproxy "k8s.io/kube-proxy/config/v1alpha1"
	kubelet "k8s.io/kubelet/config/v1beta1"
	kubeadm "k8s.io/kubernetes/cmd/kubeadm/app/apis/kubeadm/v1beta4"
)

var documents = map[string]any{
	"ClusterConfiguration":   kubeadm.ClusterConfiguration{},
	"InitConfiguration":      kubeadm.InitConfiguration{},
	"JoinConfiguration":      kubeadm.JoinConfiguration{},
	"KubeletConfiguration":   kubelet.KubeletConfiguration{},
	"KubeProxyConfiguration": kubeproxy.KubeProxyConfiguration{},
}

// Types that are written as a scalar although Go has a struct for them.
var scalars = map[string]string{
	"k8s.io/apimachinery/pkg/apis/meta/v1.Duration":      "duration",
	"k8s.io/apimachinery/pkg/apis/meta/v1.Time":          "string",
	"k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime":     "string",
	"k8s.io/apimachinery/pkg/api/resource.Quantity":      "quantity",
	"k8s.io/apimachinery/pkg/api/resource.QuantityValue": "quantity",
	"k8s.io/apimachinery/pkg/util/intstr.IntOrString":    "intOrString",
	// It is written as the text "id.secret".
	"k8s.io/kubernetes/cmd/kubeadm/app/apis/bootstraptoken/v1.BootstrapTokenString": "string",
	// A number of nanoseconds, or a duration.
	"k8s.io/component-base/logs/api/v1.TimeOrMetaDuration": "durationOrNumber",
}

var types = map[string]map[string]string{}

func main() {
	kinds := map[string]string{}
	for kind, document := range documents {
		kinds[kind] = nameOf(reflect.TypeOf(document))
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(map[string]any{"documents": kinds, "types": types}); err != nil {
		panic(err)
	}
}

func nameOf(t reflect.Type) string {
	if scalar, ok := scalars[t.PkgPath()+"."+t.Name()]; ok {
		return scalar
	}
	switch t.Kind() {
	case reflect.Pointer:
		return nameOf(t.Elem())
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return "string"
		}
		return "[]" + nameOf(t.Elem())
	case reflect.Map:
		return "{}" + nameOf(t.Elem())
	case reflect.Bool:
		return "bool"
	case reflect.String:
		return "string"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "int"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Struct:
		return structName(t)
	}
	return "any"
}

// Short names are enough where they are unique: the package's own name goes first where they are not.
func structName(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	name := t.Name()
	if len(parts) > 1 {
		name = strings.Join(parts[len(parts)-2:], "/") + "." + t.Name()
	}
	if _, ok := types[name]; ok {
		return name
	}
	fields := map[string]string{}
	types[name] = fields
	addFields(t, fields)
	return name
}

func addFields(t reflect.Type, fields map[string]string) {
	for i := range t.NumField() {
		field := t.Field(i)
		tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !field.IsExported() || tag == "-" {
			continue
		}
		if tag == "" && (field.Anonymous || strings.Contains(options, "inline")) {
			embedded := field.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			addFields(embedded, fields)
			continue
		}
		if tag == "" {
			tag = field.Name
		}
		fields[tag] = nameOf(field.Type)
	}
}
