variable "slug" {
  description = "The stack's part of https://SLUG.grafana.net."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Where the stack is, as Grafana Cloud calls it."
  type        = string
  default     = "eu"
  nullable    = false
}
