variable "region" {
  description = "Where it runs."
  type        = string
  default     = "eu-west-1"
  nullable    = false
}

variable "image" {
  description = "The project's image, by digest."
  type        = string
  nullable    = false
}

variable "iracing_account" {
  description = "Access to iRacing's Data API; see the module."
  type = object({
    client_id         = string
    username          = optional(string)
    client_secret_id  = string
    account_secret_id = optional(string)
  })
  nullable = false
}

variable "database_ca_file" {
  description = "The authorities of RDS servers in your region, downloaded from https://truststore.pki.rds.amazonaws.com."
  type        = string
  nullable    = false
}

variable "webserver_allowed" {
  description = "Who may reach Dagster's webserver; see the module."
  type        = list(string)
  nullable    = false
}
