{{/* The name of the objects. A Service takes no dots. */}}
{{- define "attachguard.fullname" -}}
{{- $name := .Values.fullnameOverride -}}
{{- if not $name -}}
{{- $name = ternary .Release.Name (printf "%s-attachguard" .Release.Name) (contains "attachguard" .Release.Name) -}}
{{- end -}}
{{- $name | replace "." "-" | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/*
The name of objects that have no namespace. Releases of one name may be in several namespaces, so that it ends with
the namespace, except in the standard one. A namespace has no dots and neither has the name above: no two are alike.
*/}}
{{- define "attachguard.clusterName" -}}
{{- $name := include "attachguard.fullname" . -}}
{{- if eq .Release.Namespace "attachguard-system" }}{{ $name }}{{ else }}{{ printf "%s.%s" $name .Release.Namespace }}{{ end -}}
{{- end }}

{{- define "attachguard.serviceAccountName" -}}
{{- if .Values.serviceAccount.enabled -}}
{{- .Values.serviceAccount.name | default (include "attachguard.fullname" .) -}}
{{- else -}}
{{- required "serviceAccount.name: with serviceAccount.enabled false, name the account that is there" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "attachguard.selectorLabels" -}}
app.kubernetes.io/name: attachguard
app.kubernetes.io/instance: {{ .Release.Name | trunc 63 }}
{{- end }}

{{- define "attachguard.labels" -}}
{{ include "attachguard.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: webhook
app.kubernetes.io/part-of: attachguard
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "attachguard.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end }}

{{- define "attachguard.securityContext" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "attachguard.podSecurityContext" -}}
# The image's user is a number, so the kubelet can tell that it is not root.
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* The configuration file, as a mapping: the chart's own, with what the values say over it. */}}
{{- define "attachguard.config" -}}
{{- if hasKey .Values.config "tls" -}}
{{- fail "config.tls: the names in it are the chart's to give; certManager.enabled chooses where the certificate comes from" -}}
{{- end -}}
{{- $name := include "attachguard.fullname" . -}}
{{- $own := dict
  "mode" "enforce"
  "cluster" (dict "watchNodes" true)
  "shutdown" (dict "delaySeconds" 10 "graceSeconds" 20)
  "tls" (dict "selfManaged" (dict
    "secretName" (printf "%s-tls" $name)
    "serviceName" $name
    "webhookConfiguration" (include "attachguard.clusterName" .))) -}}
{{- mergeOverwrite $own (deepCopy .Values.config) | toYaml -}}
{{- end }}

{{/* What the pods of hooks and of the test have in common with the servers'. */}}
{{- define "attachguard.jobPod" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "attachguard.podSecurityContext" . | nindent 2 }}
{{- end }}

{{- define "attachguard.jobContainer" -}}
resources:
  requests:
    cpu: 20m
    memory: 96Mi
  limits:
    cpu: "1"
    memory: 256Mi
securityContext:
  {{- include "attachguard.securityContext" . | nindent 2 }}
{{- end }}
