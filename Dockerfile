FROM python:3.11-slim-bookworm AS dependencies
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements.txt

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=dependencies /venv /venv
WORKDIR /srv/regviewer
COPY manage.py .
COPY regviewer regviewer
COPY tags tags
USER 10001:10001
EXPOSE 8000
# One image, four commands: web is the default, docker-compose.yml has those of migrate, worker and beat.
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "--workers", "2", "--worker-class", "gthread", "--threads", "8", \
     "--limit-request-line", "8190", "--keep-alive", "75", \
     "--no-control-socket", "--worker-tmp-dir", "/dev/shm", "regviewer.wsgi"]
