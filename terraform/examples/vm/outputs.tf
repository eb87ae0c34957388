output "instance" {
  description = "The machine, for Session Manager."
  value       = aws_instance.this.id
}
