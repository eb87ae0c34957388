# Amazon Managed Service for Prometheus, where it is wanted. Alerts are Grafana's: see module
# grafana-content, which makes them of the same file as Compose.

resource "aws_prometheus_workspace" "this" {
  count       = var.managed_prometheus ? 1 : 0
  alias       = local.prefix
  kms_key_arn = aws_kms_key.this.arn
  tags        = local.tags

  #checkov:skip=CKV_AWS_281:nobody queries it but Grafana, whose own log tells who asked
}
