"""Running a trained pipeline on inputs."""
