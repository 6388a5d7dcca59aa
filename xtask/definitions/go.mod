// Whose definitions the objects of the charts must fit that are of other projects' kinds: `cargo xtask e2e` takes them from here.
module networking-calico.invalid/definitions

go 1.26.0

require (
	github.com/fluent/fluent-operator/v3 v3.3.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	k8s.io/autoscaler/vertical-pod-autoscaler v1.8.1
)
