{{- define "name" -}}
gardener-extension-admission-calico
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

{{- define "trafficDistribution" -}}
{{- if .Values.service.topologyAwareRouting.enabled -}}
{{- if semverCompare "< 1.34-0" .Capabilities.KubeVersion.Version -}}PreferClose{{- else -}}PreferSameZone{{- end -}}
{{- end -}}
{{- end -}}
