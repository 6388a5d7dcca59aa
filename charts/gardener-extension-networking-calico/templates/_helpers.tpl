{{- define "name" -}}
gardener-extension-networking-calico
{{- end -}}

{{- define "labels" -}}
app.kubernetes.io/name: {{ include "name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "image" -}}
{{- if .Values.image.ref -}}
{{ .Values.image.ref }}
{{- else if hasPrefix "sha256:" .Values.image.tag -}}
{{ .Values.image.repository }}@{{ .Values.image.tag }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end -}}
{{- end -}}

{{- define "metricsPort" -}}
{{ tpl (toString .Values.metricsPort) . }}
{{- end -}}

{{- define "healthPort" -}}
{{ tpl (toString .Values.healthPort) . }}
{{- end -}}

{{/* The ControllerConfiguration. Its checksum restarts the pods, which read it only once. */}}
{{- define "config" -}}
apiVersion: calico.networking.extensions.config.gardener.cloud/v1alpha1
kind: ControllerConfiguration
{{- with .Values.config.clientConnection }}
clientConnection:
  acceptContentTypes: {{ required "config.clientConnection.acceptContentTypes is required" .acceptContentTypes }}
  contentType: {{ required "config.clientConnection.contentType is required" .contentType }}
  qps: {{ required "config.clientConnection.qps is required" .qps }}
  burst: {{ required "config.clientConnection.burst is required" .burst }}
{{- end }}
{{- with .Values.config.featureGates }}
featureGates:
{{ toYaml . | indent 2 }}
{{- end }}
{{- with .Values.config.overlaySwitch }}
overlaySwitch:
{{ toYaml . | indent 2 }}
{{- end }}
{{- end -}}

{{/* Nothing but the control plane is there when a self-hosted shoot begins, no monitoring of a seed in particular. */}}
{{- define "seedMonitoring" -}}
{{- if not .Values.gardener.selfHostedShootCluster -}}true{{- end -}}
{{- end -}}

{{- define "trafficDistribution" -}}
{{- if dig "seed" "spec" "settings" "topologyAwareRouting" "enabled" false .Values.gardener -}}
{{- if semverCompare "< 1.34-0" .Capabilities.KubeVersion.Version -}}PreferClose{{- else -}}PreferSameZone{{- end -}}
{{- end -}}
{{- end -}}
