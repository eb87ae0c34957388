variable "postgres" {
  description = "The database as Grafana reaches it; see the module."
  type = object({
    host           = string
    port           = optional(number, 5432)
    sslmode        = optional(string, "verify-full")
    pdc_network_id = optional(string)
  })
  nullable = false
}

variable "prometheus" {
  description = "The Prometheus that dashboards ask; see the module."
  type = object({
    url            = string
    user           = optional(string)
    sigv4_region   = optional(string)
    pdc_network_id = optional(string)
  })
  nullable = false
}

variable "prometheus_token" {
  description = "Token for prometheus.user; from the environment, never from a file."
  type        = string
  default     = null
  sensitive   = true
}

variable "alert_emails" {
  description = "Who is told of alerts."
  type        = list(string)
  default     = []
  nullable    = false
}
