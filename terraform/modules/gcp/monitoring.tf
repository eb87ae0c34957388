# Managed Service for Prometheus needs no workspace: Google's build of Prometheus writes to the
# project. Alerts are Grafana's: see module grafana-content, which makes them of the same file as
# Compose.

locals {
  metrics = var.managed_prometheus || var.grafana_cloud != null
  # Grafana Cloud takes remote write; Google's build exports by itself.
  remote_write = one([for cloud in var.grafana_cloud[*] : {
    url        = cloud.remote_write_url
    basic_auth = { username = cloud.user, password_file = "/etc/iracing/cloud/token" }
  }])

  google_prometheus = "gke.gcr.io/prometheus-engine/prometheus:v2.53.5-gmp.1-gke.2"
  prometheus_image  = var.managed_prometheus ? local.google_prometheus : var.prometheus_image
  prometheus_args = concat(
    [
      "--config.file=/etc/iracing/prometheus/prometheus.yml", "--storage.tsdb.path=/tmp/prometheus",
      "--storage.tsdb.retention.time=2h", "--web.listen-address=127.0.0.1:9090",
    ],
    var.managed_prometheus ? [
      "--export.label.project-id=${var.project_id}", "--export.label.location=${var.region}",
      "--export.label.cluster=${local.prefix}",
    ] : [],
  )
}
